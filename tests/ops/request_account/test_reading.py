"""The account of a request, read from where its parts are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.console.readers.figures import Figure, Figures
from ops.errors import OperatorError
from ops.request_account import reading
from ops.request_account.account import Points, State, Trouble
from ops.request_account.reading import read_account
from tests.support.quarantine_objects import BUCKET, ID, NOW_S, WRITER, batch, folder, line

WEEK_S = 604_800.0


class Deployment:
    """A place with a bucket and logs of its own."""

    def __init__(self, *, remote_write: bool = False, log_level: str = "INFO") -> None:
        self.clients = {name: boto3.client(name, region_name="us-east-1") for name in ("s3", "logs")}
        self.clients["s3"].create_bucket(Bucket=BUCKET)
        for group in ("IngestApiAccessLog", "MetricWriterLogs", "RemoteWriteReceiverLogs"):
            self.clients["logs"].create_log_group(logGroupName=group)
            self.clients["logs"].create_log_stream(logGroupName=group, logStreamName="s")
        writer = SimpleNamespace(maximum_age_seconds=7_200, log_level=log_level)
        api = SimpleNamespace(remote_write=remote_write)
        self.target = SimpleNamespace(config=SimpleNamespace(writer=writer, api=api))

    def client(self, service: str) -> Any:
        """A client."""
        return self.clients[service]

    def output(self, name: str) -> str:
        """An output of the stack."""
        return {"QuarantineBucketName": BUCKET, "MetricWriterName": WRITER}[name]

    def resource(self, logical_id: str) -> str:
        """A log group by its logical id."""
        return logical_id

    def now_s(self) -> float:
        """The time there."""
        return NOW_S

    def log(self, group: str, ago_s: float, line: dict[str, Any] | str) -> None:
        """Write a line, so long ago."""
        text = line if isinstance(line, str) else json.dumps(line)
        event = {"timestamp": round((NOW_S - ago_s) * 1000), "message": text}
        self.clients["logs"].put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])

    def access(self, ago_s: float, status: int = 202) -> None:
        """Have a request come to the API, so long ago."""
        at_ms = round((NOW_S - ago_s) * 1000)
        entry = {
            "request_id": ID,
            "time": str(at_ms),
            "status": str(status),
            "method": "POST",
            "resource": "/metrics",
        }
        self.log("IngestApiAccessLog", ago_s, entry)

    def settle(self, ago_s: float, *counts: int, request_id: str = ID) -> None:
        """Have the writer settle a request."""
        self.log("MetricWriterLogs", ago_s, {"requests": {request_id: counts}})

    def put(self, key: str, body: str) -> None:
        """Write an object."""
        self.clients["s3"].put_object(Bucket=BUCKET, Key=key, Body=body.encode())

    def read(self, since_s: float = WEEK_S) -> Any:
        """The account of the request."""
        place: Any = self
        return read_account(place, ID, since_s=since_s)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The age (ms) of the records that the writer reads, if there is a reading."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    ages: list[float] = []

    def figures(_place: Any) -> Figures:
        if ages[:1] == [-1.0]:
            raise OperatorError("no permission")
        return Figures(NOW_S, {"MetricWriter_waits": Figure([(0, age) for age in ages])})

    monkeypatch.setattr(reading, "read_figures", figures)
    with mock_aws():
        yield ages


def test_a_settled_request_has_its_points_and_their_reasons() -> None:
    """However long ago, as far back as is searched."""
    place = Deployment()
    place.access(3 * 86_400)
    place.settle(3 * 86_400 - 9, 5, 3, 0, 2)
    account = place.read()
    assert (account.state, account.points) == (State.SETTLED, Points(5, 3, 0, 2, 0, 0))
    assert account.waiting is None
    assert place.read(since_s=86_400).state is State.UNKNOWN


def test_what_was_set_aside_is_read_and_followed() -> None:
    """Points that were sent again are where they ended then."""
    place = Deployment()
    place.access(20)
    place.settle(10, 5, 3, 0, 2)
    place.put(f"{folder('quarantine', NOW_S)}a.jsonl", "\n".join(line(ID, index) for index in (1, 4)))
    note = {"request_id": ID, "index": 4, "redriven_at": "2026-01-01T00:00:00+00:00", "sent_as": "redrive-1"}
    place.put(f"{folder('redriven', NOW_S)}n.jsonl", json.dumps(note))
    place.settle(2, 1, 1, 0, 0, request_id="redrive-1")
    account = place.read()
    assert [point.index for point in account.quarantined] == [1, 4]
    assert account.points == Points(5, 4, 0, 1, 0, 0)


def test_what_was_refused_again_is_told_with_its_last_reason_and_what_became_of_it_then() -> None:
    """Two points were sent again; one of them was refused, sent once more, and is on its way."""
    place = Deployment()
    place.access(900)
    place.settle(890, 5, 3, 0, 2)
    first_s, again_s = NOW_S - 900, NOW_S - 60
    lines = "\n".join(line(ID, index, arrived_s=first_s) for index in (1, 4))
    place.put(f"{folder('quarantine', first_s)}a.jsonl", lines)
    again = {
        **json.loads(line(ID, 4, reason="timestamp_too_old", arrived_s=again_s)),
        "attempt": 1,
        "first_arrived_at": "2026-01-01T00:00:00Z",
    }
    place.put(f"{folder('quarantine', again_s)}b.jsonl", json.dumps(again, separators=(",", ":")))
    at = datetime.fromtimestamp(again_s, UTC).isoformat()
    notes = [
        {"request_id": ID, "index": index, "attempt": attempt, "redriven_at": at, "sent_as": sent_as}
        for index, attempt, sent_as in ((1, 0, "redrive-1"), (4, 0, "redrive-1"), (4, 1, "redrive-2"))
    ]
    for arrived_s in (first_s, again_s):
        place.put(f"{folder('redriven', arrived_s)}n.jsonl", "\n".join(map(json.dumps, notes)))
    place.settle(20, 2, 1, 0, 1, request_id="redrive-1")
    account = place.read()
    assert [(one.index, one.attempt, one.reason) for one in account.quarantined] == [
        (1, 0, "value_type"),
        (4, 1, "timestamp_too_old"),
    ]
    assert [(one.sent_as, one.indexes) for one in account.resent] == [
        ("redrive-1", (1, 4)),
        ("redrive-2", (4,)),
    ]
    assert account.points == Points(5, 4, 0, 0, 0, 1)


def test_a_request_in_flight_is_told_with_what_the_writer_does(waits: list[float]) -> None:
    """The age of what it reads, and what it was last kept up by; what cannot be told is a remark."""
    place = Deployment()
    place.access(600)
    waits.append(595_000)
    place.log("MetricWriterLogs", 30, {"retry_from": "1", "retry_request": ID, "causes": ["throttled"]})
    account = place.read()
    assert (account.state, account.waiting.record_age_s) == (State.IN_FLIGHT, 595.0)
    assert account.waiting.trouble == Trouble(round((NOW_S - 30) * 1000) / 1000, "throttled", ID)
    waits[:] = [-1.0]
    account = place.read()
    assert (account.state, account.waiting) == (State.IN_FLIGHT, None)
    assert account.remarks == ("what the writer does now is unknown: no permission",)


def test_a_quiet_writer_that_has_read_past_it_stored_it(waits: list[float]) -> None:
    """Of what is stored whole it logs nothing."""
    place = Deployment(log_level="WARNING")
    place.access(600)
    waits.append(1_000)
    account = place.read()
    assert (account.state, account.is_stored_by_silence) == (State.SETTLED, True)


def test_what_was_given_up_is_found_and_what_is_nowhere_is_missing() -> None:
    """A batch of the aggregator's is no place for points."""
    place = Deployment()
    place.access(20_000)
    place.put("aws/lambda/m/s/2", batch("x-WindowAggregatorFunction-1", ID))
    assert place.read().state is State.MISSING
    place.put("aws/lambda/m/s/1", batch(WRITER, ID))
    account = place.read()
    assert (account.state, account.points) == (State.GIVEN_UP, Points(2, given_up=2))
    assert [one.of_writer for one in account.given_up] == [True, False]


def test_remote_write_is_looked_for_at_its_own_door() -> None:
    """Only where there is one."""
    place = Deployment(remote_write=True)
    place.log("RemoteWriteReceiverLogs", 60, f"START RequestId: {ID} Version: $LATEST\n")
    account = place.read()
    assert (account.state, account.entry.asked, account.entry.status) == (
        State.IN_FLIGHT,
        "POST /api/v1/write",
        204,
    )
    place.target.config.api.remote_write = False
    assert place.read().state is State.UNKNOWN


def test_what_came_past_the_door_is_known_by_the_writer() -> None:
    """Without an entry everything is searched for it."""
    place = Deployment()
    place.settle(5_000, 1, 0, 0, 1)
    place.put(f"{folder('quarantine', NOW_S)}a.jsonl", line(ID, 0))
    account = place.read()
    assert (account.state, account.entry, account.points) == (State.SETTLED, None, Points(1, 0, 0, 1, 0, 0))


def test_a_refused_request_has_no_points() -> None:
    """The bucket is not searched for them."""
    place = Deployment()
    place.access(60, status=400)
    assert (place.read().state, place.read().points) == (State.REFUSED, Points())
