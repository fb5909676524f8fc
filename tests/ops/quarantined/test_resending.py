"""Points put on the stream again: in which records, how fast, and what of a stream that refuses some."""

import base64
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.domain.ingest.envelope import RedrivenRecord, read_records
from handlers.domain.violation import Reason
from ops.errors import OperatorError
from ops.points.rules import PointRules
from ops.quarantined.ledger import redriven_attempts
from ops.quarantined.points import QuarantinedPoint
from ops.quarantined.redriving import Ready, prepare
from ops.quarantined.resending import Resender
from tests.support.events import kinesis_record
from tests.support.points import LIMITS

BUCKET = "quarantine-bucket"
ARRIVED_S = 1_763_769_600.123
RULES = PointRules(LIMITS, arrival_ms=int(ARRIVED_S * 1000), names={})


class Kinesis:
    """A stream that refuses the records that the test wants, and keeps the others."""

    def __init__(self, refuses: Callable[[int], bool] = lambda _: False) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []
        self._refuses = refuses
        self._seen = 0

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """An answer for each record."""
        assert (StreamName, len(Records) <= 500) == ("stream", True)
        assert sum(len(one["Data"]) + len(one["PartitionKey"]) for one in Records) <= 5 * 2**20
        self.calls.append(Records)
        answers = []
        for record in Records:
            assert len(record["Data"]) + len(record["PartitionKey"]) <= 2**20
            assert 1 <= len(record["PartitionKey"]) <= 256
            self._seen += 1
            if self._refuses(self._seen):
                answers.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.taken.append(record)
                answers.append({"SequenceNumber": "1"})
        return {"Records": answers}


def ready(request: str = "r", index: int = 0, *, reason: str = "timestamp_in_future", **metric: Any) -> Ready:
    """A point to be sent again."""
    payload = {"metric_name": "m", "value": 1, "timestamp": 1, **metric}
    point = QuarantinedPoint(
        request, index, "team/x", ARRIVED_S, reason, "f", "", payload, "influx-s", sequence=77, attempt=2
    )
    return Ready(point, payload)


def send(kinesis: Kinesis, points: list[Ready], rate: float = 1e6) -> tuple[list[int], list[float]]:
    """The numbers sent, and the pauses; what is noted is what was taken."""
    pauses: list[float] = []
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        resender = Resender(kinesis, "stream", s3, BUCKET, rate, clock=lambda: ARRIVED_S, sleep=pauses.append)
        numbers = list(resender.send(points))
        noted = redriven_attempts(s3, BUCKET, since_s=0)
        assert noted == {(*one.point.point_id, one.point.attempt) for one in points}
    return numbers, [pause for pause in pauses if pause]


def test_a_record_has_points_of_one_request() -> None:
    """With all that its points had when they came first, and an id of its own, which is that of its content."""
    kinesis = Kinesis()
    send(kinesis, [ready("a", 3), ready("b"), ready("a", 1)])
    events = {
        "Records": [
            kinesis_record(one["Data"], partition_key=one["PartitionKey"], arrival_ms=2 * 10**12)
            for one in kinesis.taken
        ]
    }
    records = [record for record in read_records(events) if isinstance(record, RedrivenRecord)]
    assert [record.request_id for record in records] == ["a", "b"]
    assert [len(json.loads(record.data)["points"]) for record in records] == [2, 1]
    assert {(one.first_arrival_ms, one.first_sequence, one.first_format, one.attempt) for one in records} == {
        (1_763_769_600_123, 77, "influx-s", 3)
    }
    again = Kinesis()
    send(again, [ready("b"), ready("a", 1), ready("a", 3)])
    assert {one["PartitionKey"] for one in again.taken} == {one["PartitionKey"] for one in kinesis.taken}


@pytest.mark.parametrize("reason", list(Reason))
def test_alerts_pass_over_what_they_have_counted(reason: Reason) -> None:
    """That is what no rule of the reader's refused: names that the registry, and points that the store did not take."""
    kinesis = Kinesis()
    send(kinesis, [ready(reason=reason)])
    counted = {"dimension_name_case", "dimension_budget_spent", "rejected_by_store"}
    format_ = kinesis.taken[0]["PartitionKey"].partition("/")[0]
    assert format_ == ("redriven-counted" if reason in counted else "redriven")


def test_no_record_and_no_call_is_too_large() -> None:
    """However large the points are, and however many requests they are of."""
    kinesis = Kinesis()
    large = [ready("large", index, dimensions={"a": "x" * 1500}) for index in range(2000)]
    numbers, _ = send(kinesis, [*large, *(ready(f"r{number}") for number in range(1100))])
    assert sum(numbers) == 3100
    assert len(kinesis.taken) > 1100


def test_a_whole_body_is_a_record_of_its_own() -> None:
    """In its own format, as it came, behind the line that tells of its request."""
    kinesis = Kinesis()
    point = ready("a", reason="processing_failed").point
    send(kinesis, [Ready(point, None, b"cpu value=1\n\xff"), ready("a", 1)])
    parts = [one["Data"].partition(b"\n") for one in kinesis.taken]
    assert [body for _, _, body in parts] == [b"", b"cpu value=1\n\xff"]
    assert {json.loads(line)["format"] for line, _, _ in parts} == {"influx-s"}


def test_the_largest_body_that_goes_whole_fits_into_a_record() -> None:
    """With the longest ids that there are, of characters that JSON writes in six."""
    kinesis = Kinesis()
    size = (1024 - 2) * 1024
    payload = {"base64": base64.b64encode(b"\xff" * size).decode()}
    point = QuarantinedPoint(
        "\u00e9" * 128 + "r" * 128,
        0,
        "c" * 128,
        ARRIVED_S,
        "format_unknown",
        "f",
        "m",
        payload,
        "x" * 40,
        sequence=10**56,
    )
    [one], _ = prepare([point], RULES, [], record_kib=1024)
    send(kinesis, [one])
    [record] = kinesis.taken
    assert size < len(record["Data"]) + len(record["PartitionKey"].encode()) <= 2**20


@pytest.mark.parametrize("reason", ["timestamp_in_future", "rejected_by_store"])
def test_a_redrives_record_that_older_functions_set_aside_goes_again_as_it_is(reason: str) -> None:
    """Under its own id, as that is where the account of its points looks for them."""
    before, after = Kinesis(), Kinesis()
    send(before, [ready("a", 3, reason=reason), ready("a", 4, reason=reason)])
    [sent] = before.taken
    format_, client, sent_as = sent["PartitionKey"].split("/")
    unknown = QuarantinedPoint(
        sent_as, 0, client, ARRIVED_S + 60, "format_unknown", "partition_key", "m",
        {"base64": base64.b64encode(sent["Data"]).decode()}, format_,
    )  # fmt: skip
    send(after, prepare([unknown], RULES, [], record_kib=1024)[0])
    assert after.taken == [sent]


def test_a_rate_is_kept() -> None:
    """By pauses between the calls, of which none has more than a second's points."""
    _, pauses = send(Kinesis(), [ready(f"r{number}") for number in range(350)], rate=100)
    assert len(pauses) == 3
    assert 2.7 <= sum(pauses) <= 3


def test_what_the_stream_refuses_is_tried_again_alone() -> None:
    """A part of a call may be throttled: the others are there already."""
    kinesis = Kinesis(lambda seen: seen in {2, 3})
    send(kinesis, [ready(f"r{number}") for number in range(4)])
    assert [len(call) for call in kinesis.calls] == [4, 2]
    assert len(kinesis.taken) == 4


def test_a_stream_without_room_ends_it() -> None:
    """The message says how to go on; nothing of that call is noted."""
    with pytest.raises(OperatorError, match="lower --rate; the same command goes on"):
        send(Kinesis(lambda _: True), [ready()])
