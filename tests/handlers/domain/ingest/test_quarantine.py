"""What stands in the quarantine."""

import base64
import json

import pytest

from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import read
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, object_key, quarantined_record
from handlers.domain.ingest.validator import NotFinite, PointValidator
from handlers.domain.violation import Reason, Violation
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, SHARD, metric, records
from tests.support.points import LIMITS

VIOLATION = Violation(Reason.VALUE_TYPE, "value", "a value is a number")


def test_a_line_says_what_was_refused_and_why() -> None:
    """Request, place, client, arrival, reason, field, message and the metric itself."""
    [record] = records({})
    [line] = json_lines([QuarantinedPoint(record, 3, VIOLATION, metric(value="x"))]).splitlines()
    assert json.loads(line) == {
        "request_id": "request/0+=",
        "index": 3,
        "client": "-",
        "format": "json",
        "arrived_at": "2025-11-22T00:00:00.000Z",
        "sequence": str(FIRST_SEQUENCE),
        "reason": "value_type",
        "field": "value",
        "message": "a value is a number",
        "payload": {"metric_name": "cpu.load", "value": "x"},
    }


def test_an_unreadable_record_is_kept_as_it_came() -> None:
    """Its bytes stand there in base64, at index 0."""
    [record] = records(b"\xff{")
    [line] = json_lines([quarantined_record(record, VIOLATION)]).splitlines()
    assert (json.loads(line)["index"], json.loads(line)["payload"]) == (0, {"base64": "/3s="})


def test_nothing_breaks_out_of_its_line() -> None:
    """Line breaks, lone surrogates and numbers without a double are written so that every reader copes."""
    [record] = records({})
    payload = {"a\n\u2028\x85": "\ud800", "value": NotFinite("1e999")}
    body = json_lines([QuarantinedPoint(record, 0, VIOLATION, payload)] * 2)
    assert body.isascii()
    assert body.count(b"\n") == 2
    assert json.loads(body.splitlines()[0])["payload"] == {**payload, "value": "1e999"}


@pytest.mark.parametrize("levels", [90, 110, 900, 950, 980, 1000, 1023])
def test_a_metric_as_deep_as_the_decoder_goes_has_a_line(levels: int) -> None:
    """That whoever is deep in calls can read as well; what goes deeper than any metric stands there as it came."""
    body = b'{"metric_name":"a","value":' + b"[" * levels + b"]" * levels + b"}"
    [record] = records(body)
    reading = read(record, PointValidator(LIMITS), DimensionMapping())
    [(index, violation)] = reading.refusals
    [line] = json_lines([QuarantinedPoint(record, index, violation, reading.payload(index))]).splitlines()

    def read_below(calls: int) -> object:
        return read_below(calls - 1) if calls else json.loads(line)["payload"]

    expected = {"base64": base64.b64encode(body).decode()} if levels > 100 else json.loads(body)
    assert read_below(400) == expected


def test_the_key_is_the_batchs_own() -> None:
    """Hour of the first arrival, shard and range of sequence numbers: a retry replaces, another batch adds."""
    some = records({}, {}, {}, arrival_ms=ARRIVAL_MS + 3_600_000 * 5)
    expected = f"quarantine/date=2025-11-22/hour=05/{SHARD}-{FIRST_SEQUENCE}-{FIRST_SEQUENCE + 2}.jsonl"
    assert object_key(some) == expected == object_key(reversed(some))
    assert object_key(some[1:]) != expected
