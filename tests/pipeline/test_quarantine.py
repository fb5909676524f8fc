"""What was accepted and not stored, got in afterwards."""

from collections.abc import Iterator

import pytest

from tests.support import store_stories
from tests.support.local_run import LocalRun

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def run() -> Iterator[LocalRun]:
    """A run whose clock may be moved."""
    run = LocalRun("--no-feed", "--environment", "load")
    yield run
    run.kill()


def test_a_mended_point_is_stored_once_at_its_own_time(run: LocalRun) -> None:
    """A redrive sends what can be mended, a second one nothing; what is still bad is kept and said."""
    store_stories.a_mended_point_is_stored_once_at_its_own_time(run)


def test_a_correction_wins_over_a_redriven_point(run: LocalRun) -> None:
    """A redrive keeps the version of the first arrival."""
    store_stories.a_correction_wins_over_a_redriven_point(run)


def test_a_batch_that_was_given_up_is_written_once(run: LocalRun) -> None:
    """However often it is handed over, with the times of its arrival; then nothing is left to hand over."""
    store_stories.a_batch_that_was_given_up_is_written_once(run)


def test_every_point_of_this_run_is_accounted_for(run: LocalRun) -> None:
    """What was sent again stands where it ended, and nowhere else. The last test of the module."""
    ended = run.end()
    accepted, stored, superseded, quarantined = ended.account
    assert (ended.status, accepted) == (0, stored + superseded + quarantined), ended
