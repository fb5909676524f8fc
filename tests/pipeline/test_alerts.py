"""Alerts as a person sees them: a rule is applied, a point breaches, subscribers hear of it once, and of its end."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import store_stories
from tests.support.alert_listener import Listener
from tests.support.local_run import LocalRun

pytestmark = pytest.mark.pipeline


@pytest.fixture
def listener(tmp_path: Any) -> Iterator[Listener]:
    """A run without its own feed, with two rules that differ in severity."""
    running = LocalRun("--no-feed", "--data", str(tmp_path))
    try:
        yield Listener.with_rules(running, tmp_path)
    finally:
        running.process.terminate()
        running.process.communicate(timeout=60)


def test_an_alert_fires_once_in_time_and_is_resolved_once(listener: Listener) -> None:
    """The message is there within the period's end, the grace and three seconds; filters pass what they say."""
    store_stories.an_alert_fires_once_in_time_and_is_resolved_once(listener)
