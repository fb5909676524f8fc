"""Batches put together."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.quarantined import lots as module
from ops.quarantined.lots import Lot, lots
from tests.support.events import kinesis_record

BUCKET = "quarantine-bucket"


def found(*batches: tuple[int, int], most: int = 100, payload: str = "") -> list[Any]:
    """What is made of batches of the records from the first number up to the second."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        for number, (first, end) in enumerate(batches):
            records = [kinesis_record({}, position) for position in range(first, end)]
            context = {"functionArn": "arn:aws:lambda:us-east-1:1:function:w", "condition": "x"}
            event = payload or json.dumps({"Records": records})
            body = {"requestContext": context, "timestamp": "t", "payload": event}
            s3.put_object(Bucket=BUCKET, Key=f"{number}", Body=json.dumps(body))
        entries = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        return list(lots(s3, BUCKET, entries, most=most))


def _positions(lot: Lot) -> list[int]:
    records = json.loads(lot.event)["Records"]
    first = int(kinesis_record({})["kinesis"]["sequenceNumber"])
    return [int(record["kinesis"]["sequenceNumber"]) - first for record in records]


def test_a_record_that_two_batches_have_is_there_once() -> None:
    """In the order of the stream, whatever the batches' is."""
    [lot] = found((3, 6), (0, 4))
    assert (_positions(lot), len(lot.batches)) == ([0, 1, 2, 3, 4, 5], 2)
    assert [_positions(one) for one in lot.alone()] == [[0, 1, 2, 3], [3, 4, 5]]


def test_a_lot_has_an_end() -> None:
    """A batch is never cut; one that is larger by itself is a lot."""
    assert [_positions(lot) for lot in found((0, 2), (2, 4), (4, 9), most=4)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7, 8],
    ]


@pytest.mark.parametrize("payload", ["{}", '{"Records": []}', '{"Records": [{"dynamodb": {}}]}', "[]"])
def test_what_has_no_records_of_a_data_stream_is_named(payload: str) -> None:
    """By its key."""
    assert found((0, 1), payload=payload) == ["0"]


def test_not_all_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many batches as memory holds are put together."""
    monkeypatch.setattr(module, "_READ_BATCHES", 2)
    assert [_positions(lot) for lot in found((0, 1), (1, 2), (2, 3))] == [[0, 1], [2]]
