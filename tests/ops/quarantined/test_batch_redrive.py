"""Batches handed to the metric writer again."""

import io
import json
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops import consent
from ops.errors import OperatorError
from ops.quarantined import batch_redrive, choice
from ops.stack import Target
from ops.where import Place
from templates.config import load
from tests.support.events import kinesis_record, metric

BUCKET = "quarantine-bucket"
WRITER = "metrics-dev-writer"


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """A deployment that gave nothing up yet."""
    outputs = {"QuarantineBucketName": BUCKET, "MetricWriterName": WRITER}
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield Target(load("dev"), "us-east-1", "metrics-dev")


class Lambda:
    """Answers invocations: those with the records that it fails on as the test wants, and keeps the others' events."""

    def __init__(self, *fails_on: str, answer: Any = None, error: bool = False) -> None:
        self.events: list[list[str]] = []
        self._fails_on = set(fails_on)
        self._answer = {"batchItemFailures": [{"itemIdentifier": "1"}]} if answer is None else answer
        self._error = error

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - the SDK's own names
        """The answer."""
        assert (FunctionName, len(Payload) < 6 * 10**6) == (WRITER, True)
        names = [record["kinesis"]["partitionKey"].split("/")[2] for record in json.loads(Payload)["Records"]]
        if not self._fails_on & set(names):
            self.events.append(names)
            return {"Payload": io.BytesIO(b'{"batchItemFailures": []}')}
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self._answer).encode())}
        return {**answer, "FunctionError": "Unhandled"} if self._error else answer


def options(**changes: Any) -> Namespace:
    """Options of a redrive of all batches at the local run."""
    chosen = dict.fromkeys(("reason", "client", "metric", "body_format", "request", "from_", "to"))
    others: dict[str, Any] = {
        "since": None,
        "default_since_s": 86_400,
        "all": False,
        "rate": 1e6,
        "fix": [],
        "dry_run": False,
        "yes": False,
    }
    return Namespace(**{**chosen, **others, "place": Place("here", local=True)} | changes)


def give_up(
    target: Target, *names: str, key: str = "", function: str = WRITER, shard: int = 0, at: int = 0
) -> None:
    """Give up a batch with a record of two points for each name."""
    records = [
        kinesis_record({"metrics": [metric(), metric("b")]}, at + position, request_id=name)
        for position, name in enumerate(names)
    ]
    for record in records:
        record["eventID"] = f"shardId-{shard:012}:{record['kinesis']['sequenceNumber']}"
    context = {
        "functionArn": f"arn:aws:lambda:us-east-1:1:function:{function}",
        "condition": "RecordAgeExceeded",
    }
    body = {
        "requestContext": context,
        "timestamp": "2026-11-22T08:00:00Z",
        "payload": json.dumps({"Records": records}),
    }
    place = f"aws/lambda/{function}/{key or names[0]}"
    target.client("s3").put_object(Bucket=BUCKET, Key=place, Body=json.dumps(body))


def left(target: Target) -> list[str]:
    """The batches that are there."""
    found = target.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [entry["Key"].rpartition("/")[2] for entry in found]


def redrive(target: Target, monkeypatch: pytest.MonkeyPatch, client: Lambda, **changes: Any) -> int:
    """The exit status of a redrive to this function."""
    monkeypatch.setattr(batch_redrive, "_patient_lambda", lambda _: client)
    return batch_redrive.redrive(target, options(**changes))


def test_batches_are_handed_over_together_in_order_and_deleted(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of a shard in one event, each record once; what holds no missing point stays, and is said."""
    give_up(target, "b", at=1)
    give_up(target, "a", at=0)
    give_up(target, "a", "b", key="again", at=0)
    give_up(target, "other", shard=1)
    give_up(target, "c", function="metrics-dev-WindowAggregatorFunction-X")
    target.client("s3").put_object(Bucket=BUCKET, Key=f"aws/lambda/{WRITER}/d", Body=b"?")
    client = Lambda()
    assert redrive(target, monkeypatch, client) == 0
    assert client.events == [["a", "b"], ["other"]]
    assert left(target) == ["c", "d"]
    shown = capsys.readouterr().out
    assert "4 batches, 10 points written" in shown
    assert "WindowAggregator: no point is missing" in shown
    assert "`ops quarantine drop --batches` forgets them" in shown


def test_a_lot_is_no_larger_than_the_writers_batch(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and none is left."""
    for number in range(230):
        give_up(target, f"r{number}", at=number)
    client = Lambda()
    assert redrive(target, monkeypatch, client) == 0
    assert [len(names) for names in client.events] == [100, 100, 30]
    assert left(target) == []


@pytest.mark.parametrize("failing", [{}, {"answer": "?"}, {"answer": {"errorMessage": "x"}, "error": True}])
def test_one_batch_that_is_not_settled_stays_alone(
    target: Target, monkeypatch: pytest.MonkeyPatch, failing: dict[str, Any]
) -> None:
    """The others of its lot are written one by one."""
    for number, name in enumerate("abc"):
        give_up(target, name, at=number)
    client = Lambda("b", **failing)
    assert redrive(target, monkeypatch, client) == 1
    assert (client.events, left(target)) == ([["a"], ["c"]], ["b"])
    assert redrive(target, monkeypatch, Lambda()) == 0
    assert left(target) == []


def test_a_store_that_is_not_well_ends_it(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After three failures, and not each batch by itself takes the writer's whole timeout."""
    names = [f"r{number}" for number in range(9)]
    for number, name in enumerate(names):
        give_up(target, name, at=number)
    assert redrive(target, monkeypatch, Lambda(*names)) == 1
    shown = capsys.readouterr().out
    assert shown.count("left as it is") == 3
    assert "the same command goes on later" in shown
    assert len(left(target)) == 9


@pytest.mark.parametrize(
    "answer",
    [
        {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: 1 Error: Runtime exited: signal: killed",
        },
        {"errorMessage": "2026-11-22T08:00:00Z 1 Task timed out after 60.00 seconds"},
    ],
)
def test_batches_that_kill_the_writer_hold_nothing_up(
    target: Target, monkeypatch: pytest.MonkeyPatch, answer: dict[str, str]
) -> None:
    """However many they are; the next redrive would come to them first again."""
    names = [f"poison{number}" for number in range(5)]
    for number, name in enumerate([*names, "good"]):
        give_up(target, name, at=number, shard=number)
    client = Lambda(*names, answer=answer, error=True)
    assert redrive(target, monkeypatch, client) == 1
    assert (client.events, left(target)) == ([["good"]], names)


def test_an_interrupted_redrive_goes_on(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was settled is deleted; the same command hands the others over."""
    for number in range(150):
        give_up(target, f"r{number}", at=number)

    class Interrupted(Lambda):
        def invoke(self, **arguments: Any) -> dict[str, Any]:
            """Ctrl-C at the second lot."""
            if self.events:
                raise KeyboardInterrupt
            return super().invoke(**arguments)

    assert redrive(target, monkeypatch, Interrupted()) == 130
    assert "100 batches, 200 points written; the same command goes on" in capsys.readouterr().out
    assert redrive(target, monkeypatch, Lambda()) == 0
    assert left(target) == []


def test_a_dry_run_hands_nothing_over(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each batch is named with what would be handed over, and all of it is counted."""
    client = Lambda()
    give_up(target, "a")
    assert redrive(target, monkeypatch, client, dry_run=True) == 0
    assert (client.events, left(target)) == ([], ["a"])
    shown = capsys.readouterr().out
    assert "1 request, given up at 2026-11-22T08:00:00Z (RecordAgeExceeded)" in shown
    assert "would hand over 1 batch, 2 points" in shown


def test_a_rate_is_kept(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """In points, whatever the batches hold."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    give_up(target, "a", "b")
    assert redrive(target, monkeypatch, Lambda(), rate=2.0) == 0
    assert 1.5 < sum(pauses) <= 2


@pytest.mark.parametrize(
    ("times", "number"),
    [
        ({}, 1),
        ({"from_": "2099-01-01T00:00Z"}, 0),
        ({"to": "2099-01-01T00:00Z"}, 1),
        ({"since": 86_400}, 0),
        ({"since": 3 * 86_400}, 1),
    ],
)
def test_batches_can_be_chosen_by_when_they_were_given_up(
    target: Target, monkeypatch: pytest.MonkeyPatch, times: dict[str, Any], number: int
) -> None:
    """Without a choice all are handed over, however old."""
    now_s = time.time()
    monkeypatch.setattr(choice, "clock_s", lambda _: now_s + 2 * 86_400)
    give_up(target, "a")
    client = Lambda()
    assert redrive(target, monkeypatch, client, **times) == 0
    assert len(client.events) == number


def test_what_chooses_points_is_refused(target: Target) -> None:
    """A batch has points of many metrics and clients."""
    with pytest.raises(OperatorError, match="--metric is for points; --batches goes with"):
        batch_redrive.redrive(target, options(metric="m"))


def test_an_operator_is_asked_first(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the number of batches."""
    asked: list[str] = []
    monkeypatch.setattr(consent, "expect", lambda _, doing: asked.append(doing))
    give_up(target, "a")
    assert redrive(target, monkeypatch, Lambda()) == 0
    assert asked == [f"hand 1 batches to {WRITER} again"]


def test_heartbeats_are_no_points_and_are_not_handed_over(
    target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A batch of them alone is settled as well; a record is told by its format, whatever the client is called."""
    beat = [kinesis_record({}, position, partition_key=f"heartbeat/-/h{position}") for position in (5, 6)]
    event = {"Records": [kinesis_record(metric(), 1, partition_key="json/heartbeat/r"), beat[0]]}
    for name, given in (("mixed", event), ("alone", {"Records": beat[1:]})):
        context = {"functionArn": f"arn:aws:lambda:us-east-1:1:function:{WRITER}", "condition": "x"}
        body = {"requestContext": context, "timestamp": "t", "payload": json.dumps(given)}
        target.client("s3").put_object(
            Bucket=BUCKET, Key=f"aws/lambda/{WRITER}/{name}", Body=json.dumps(body)
        )
    client = Lambda()
    assert redrive(target, monkeypatch, client) == 0
    assert (client.events, left(target)) == ([["r"]], [])
    assert "2 batches, 1 point written" in capsys.readouterr().out
