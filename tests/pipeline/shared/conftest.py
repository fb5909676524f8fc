"""One local run for every file of this folder, which is why one worker runs them all.

A test here has metrics, clients and rules of its own name, takes its faults away, and leaves the clock alone.
"""

from collections.abc import Iterator

import pytest

from tests.support.local_run import LocalRun


@pytest.fixture(scope="package")
def running() -> Iterator[LocalRun]:
    """A run without the feed, with a throttle that lets all tests through."""
    run = LocalRun("--no-feed", "--environment", "load")
    yield run
    run.kill()
