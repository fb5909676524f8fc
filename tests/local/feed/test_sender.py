"""The feed's sender, against an API that answers as told."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator import Clock
from local.feed.sender import Feed
from tests.support.scripted_api import scripted_api, status


def one_metric(timestamp: int) -> list[dict[str, Any]]:
    """A sample of one metric."""
    return [{"metric_name": "m", "value": 1.0, "timestamp": timestamp, "dimensions": {"host": "a"}}]


def _wait(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


@pytest.mark.parametrize("code", [429, 503])
def test_a_throttled_sample_is_sent_again_unchanged(code: int) -> None:
    """After 429 or 503 the same points go again with the same times, and the view is told when they were taken."""
    with scripted_api(status(code), status(code)) as api:
        feed = Feed(api.url, one_metric, Clock(), interval_s=60)
        feed.start()
        _wait(lambda: len(feed.sent.batches) == 1)
        feed.stop()
        assert api.requests[0].body == api.requests[1].body == api.requests[2].body
        [(timestamp_ms, _)] = feed.sent.batches
        assert [point["timestamp"] for point in api.accepted] == [timestamp_ms]


def test_a_refused_sample_is_not_sent_again() -> None:
    """After 400 it is given up, and its reason kept; the next one goes."""
    with scripted_api(status(400, "{}")) as api:
        feed = Feed(api.url, one_metric, Clock(), interval_s=0.05)
        feed.start()
        _wait(lambda: len(feed.sent.batches) > 0)
        feed.stop()
        assert api.requests[0].body != api.requests[1].body
    assert feed.sent.last_error == "400: {}"


def test_samples_are_taken_while_the_api_is_away() -> None:
    """None is missing when it is back."""
    with scripted_api(*[status(503)] * 2) as api:
        feed = Feed(api.url, one_metric, Clock(), interval_s=0.02)
        feed.start()
        _wait(lambda: len(api.accepted) > 5)
        feed.stop()
        times = [point["timestamp"] for point in api.accepted]
        assert times == sorted(times)
        assert len(times) == feed._recorded
