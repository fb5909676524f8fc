"""Records as they come from the data stream."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from handlers.domain.ingest.envelope import read_records
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, SHARD, event, kinesis_record, records


def test_a_record_carries_its_request() -> None:
    """Format, client and request id come from the partition key, time and order from Kinesis."""
    [record] = read_records({"Records": [kinesis_record(b"{}", partition_key="json/team-a/Ab/c+d=")]})
    assert (record.format, record.client, record.request_id) == ("json", "team-a", "Ab/c+d=")
    assert (record.arrival_ms, record.sequence, record.shard) == (ARRIVAL_MS, FIRST_SEQUENCE, SHARD)
    assert record.data == b"{}"


@given(st.binary(max_size=100), st.booleans())
def test_data_are_what_they_were_before_they_were_base64(data: bytes, has_line_breaks: bool) -> None:
    """Of any length, and also with the line breaks of MIME in them."""
    record = kinesis_record(data)
    if has_line_breaks:
        record["kinesis"]["data"] = base64.encodebytes(data).decode()
    assert read_records({"Records": [record]})[0].data == data


def test_an_arrival_on_a_whole_second_is_a_time_as_any_other() -> None:
    """JSON's encoders write it without a fraction."""
    record = kinesis_record(b"{}")
    record["kinesis"]["approximateArrivalTimestamp"] = ARRIVAL_MS // 1000
    [read] = read_records({"Records": [record]})
    assert read.arrival_ms == ARRIVAL_MS // 1000 * 1000


@pytest.mark.parametrize(
    "key", ["no-slashes", "json/only-two", "json//request", "/-/request", "json/-/", "\n\x00"]
)
def test_a_foreign_partition_key_has_no_format(key: str) -> None:
    """A record that did not come through the API is told by that, and its key stands for the request."""
    [record] = read_records({"Records": [kinesis_record({}, partition_key=key)]})
    assert (record.format, record.request_id, record.client) == ("", key, "-")


def test_versions_grow_with_the_arrival_and_fit_a_bigint() -> None:
    """A later arrival has the greater version, whatever the sequence numbers; a retry has the same."""
    early, late = records({}, arrival_ms=ARRIVAL_MS)[0], records({}, arrival_ms=ARRIVAL_MS + 1)[0]
    assert 0 < early.version < late.version < 2**63
    assert replace(early, sequence=FIRST_SEQUENCE + 999_999).version < late.version
    assert read_records(event({}))[0].version == early.version


def test_records_of_one_millisecond_have_versions_of_their_own() -> None:
    """The sequence number breaks the tie."""
    first, second = records({}, {})
    assert first.version != second.version
