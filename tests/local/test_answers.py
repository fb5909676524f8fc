"""The answers of the ingest API, counted."""

import json

import pytest

from emulator import Answered
from local.answers import AnswerCounter, points_of
from tests.support.events import batch, metric


def answered(body: object, status: int = 202, *, method: str = "POST", path: str = "/metrics") -> Answered:
    """An answer to a request with this body, which is sent as it is when it is bytes."""
    return Answered(method, path, body if isinstance(body, bytes) else json.dumps(body).encode(), status)


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (answered(metric()), 1),
        (answered(batch(metric(), metric(value="x"), 7)), 3),
        (answered(b"no json"), 1),
        (answered(metric(), 503), 0),
        (answered(b"", 204, method="OPTIONS"), 0),
        (answered(b"", 200, method="GET", path="/health"), 0),
        (answered(b"", 413, path=""), 0),
    ],
)
def test_points_are_those_that_the_consumers_account_for(answer: Answered, points: int) -> None:
    """Good or bad, each place of an accepted request is one, and so is a request that cannot be read."""
    assert points_of(answer) == points


def test_requests_are_counted_by_status_and_points_when_accepted() -> None:
    """Over all answers so far."""
    counter = AnswerCounter()
    for answer in (answered(metric(), 503), answered(batch(metric(), metric())), answered(metric())):
        counter.add(answer)
    assert (counter.requests, counter.accepted_points) == ({202: 2, 503: 1}, 3)
