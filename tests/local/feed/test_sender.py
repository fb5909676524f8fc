"""The feed's sender, against a server that answers as told."""

from typing import Any

import pytest

from emulator import Clock
from local.feed.sender import Feed
from tests.support.answering_server import answering


def one_metric(timestamp: int) -> list[dict[str, Any]]:
    """A sample of one metric."""
    return [{"metric_name": "m", "value": 1.0, "timestamp": timestamp}]


@pytest.mark.parametrize("status", [429, 503])
def test_a_throttled_batch_is_sent_again_unchanged(status: int) -> None:
    """After 429 or 503 the same points go again with the same times, and count once."""
    with answering(status, status) as (url, bodies, done):
        feed = Feed(url, one_metric, Clock(), interval_s=60)
        feed.start()
        assert done.wait(10)
        feed.stop()
    assert bodies[0] == bodies[1] == bodies[2]
    assert (feed.sent.points, feed.sent.refused) == (1, 0)


def test_a_refused_batch_is_not_sent_again() -> None:
    """After 400 the batch is given up, counted as refused, and its reason kept."""
    with answering(400) as (url, bodies, done):
        feed = Feed(url, one_metric, Clock(), interval_s=0.05)
        feed.start()
        assert done.wait(10)
        feed.stop()
    assert bodies[0] != bodies[1]
    assert feed.sent.refused == 1
    assert feed.sent.last_error == "400: {}"
