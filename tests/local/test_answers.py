"""The answers of the ingest API, counted."""

import base64
import json

import pytest

from emulator import Answered, UrlAnswered
from local.answers import AnswerCounter
from tests.support.events import batch, metric
from tests.support.remote_write_requests import body, series


def answered(body: object, status: int = 202) -> Answered:
    """An answer to a request that became a record of this body, which is sent as it is when it is bytes."""
    data = base64.b64encode(body if isinstance(body, bytes) else json.dumps(body).encode()).decode()
    record = {"StreamName": "stream", "PartitionKey": "json/-/a/b=", "Data": data}
    return Answered("POST", "/metrics", status, json.dumps(record).encode())


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (answered(metric()), 1),
        (answered(batch(metric(), metric(value="x"), 7)), 3),
        (answered(b"no json"), 1),
        (answered(metric(), 503), 0),
        (Answered("OPTIONS", "/metrics", 204), 0),
        (Answered("GET", "/health", 200), 0),
        (Answered("POST", "", 413), 0),
        (Answered("POST", "/heartbeat", 202, b'{"PartitionKey": "heartbeat/-/a", "Data": "e30="}'), 0),
    ],
)
def test_points_are_those_that_the_consumers_account_for(answer: Answered, points: int) -> None:
    """Good or bad, each place of an accepted request is one, and so is a request that cannot be read."""
    counter = AnswerCounter()
    counter.add(answer)
    assert counter.accepted_points == points


def test_requests_are_counted_by_status_and_points_when_accepted() -> None:
    """Over all answers so far."""
    counter = AnswerCounter()
    for answer in (answered(metric(), 503), answered(batch(metric(), metric())), answered(metric(), 204)):
        counter.add(answer)
    counter.add(Answered("GET", "/ping", 204))
    counter.add(Answered("POST", "/heartbeat", 503))  # the stack's own request is no client's
    assert (counter.requests, counter.accepted_points) == ({202: 1, 204: 2, 503: 1}, 3)
    assert counter.records == 2


def test_remote_write_counts_as_the_consumers_read_it() -> None:
    """What was answered 204 is on the stream: each of its samples, or one where nothing can be read."""
    counter = AnswerCounter()
    sent = body(series([("__name__", "up")], (1.0, 1_000), (0.0, 2_000)))
    for status, request in ((204, sent), (503, sent), (204, b"x"), (415, b"")):
        counter.add_remote_write(UrlAnswered("receiver", status, request))
    assert (counter.requests, counter.accepted_points) == ({204: 2, 415: 1, 503: 1}, 3)
    assert counter.records == 2
