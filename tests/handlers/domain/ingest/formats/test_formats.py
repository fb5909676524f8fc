"""The table of formats."""

import pytest

from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import kinesis_record, metric
from tests.support.points import LIMITS


def read(partition_key: str) -> Reading:
    """The reading of a metric that came under this key."""
    [record] = read_records({"Records": [kinesis_record(metric(), partition_key=partition_key)]})
    return read_request(record, PointValidator(LIMITS))


def test_a_record_is_read_by_the_reader_of_its_format() -> None:
    """The format stands first in the partition key."""
    assert len(read("json/-/request").points) == 1


@pytest.mark.parametrize("key", ["no-slashes", "json/only-two", "json//request", "/-/request", "\n\x00"])
def test_a_record_that_did_not_come_through_the_api_is_invalid(key: str) -> None:
    """Whatever its body holds."""
    with pytest.raises(InvalidBody) as caught:
        read(key)
    assert (caught.value.violation.reason, caught.value.violation.field) == (
        "partition_key_invalid",
        "partition_key",
    )


def test_another_format_is_invalid() -> None:
    """Only json is known, and the reason says so."""
    with pytest.raises(InvalidBody) as caught:
        read("csv/-/request")
    assert caught.value.violation == (
        "format_unknown",
        "partition_key",
        "the only body format is json",
    )
