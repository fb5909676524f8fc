"""Our own JSON in gzip."""

import gzip
import zlib

import orjson
import pytest
from msgspec.structs import replace

from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.gzipped import read
from handlers.domain.ingest.reading import MAX_BODY_BYTES, MAX_SAMPLES, InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import batch, metric, records
from tests.support.gzip_bomb import gzipped_spaces
from tests.support.points import LIMITS

[RECORD] = records({})
BODY = orjson.dumps(batch(metric(), metric(value="no"), metric("b", 2)))


def reading(data: bytes) -> Reading:
    """The reading of a record with these bytes."""
    return read(replace(RECORD, format="json-gz", data=data), PointValidator(LIMITS), DimensionMapping())


def test_a_body_is_read_as_it_was_before_it_was_compressed() -> None:
    """Its points, and what is none."""
    found = reading(gzip.compress(BODY, mtime=0))
    assert [point.request_index for point in found.points] == [0, 2]
    assert [(index, violation.reason) for index, violation in found.refusals] == [(1, "value_type")]
    assert found.payload(1) == metric(value="no")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "body_not_gzip"),
        (BODY, "body_not_gzip"),
        (zlib.compress(BODY), "body_not_gzip"),
        (gzip.compress(BODY, mtime=0)[:-1], "body_not_gzip"),
        (gzip.compress(BODY, mtime=0)[:-6] + b"\0" * 6, "body_not_gzip"),
        (gzip.compress(BODY, mtime=0) + b"\0", "body_not_gzip"),
        (gzip.compress(BODY, mtime=0) * 2, "body_not_gzip"),
        (gzip.compress(BODY, mtime=0).replace(b"\x1f", b"\xef\xbf\xbd", 1), "body_not_gzip"),
        (gzip.compress(b"", mtime=0), "body_not_json"),
        (gzip.compress(b"[]", mtime=0), "body_form"),
        (gzip.compress(gzip.compress(BODY, mtime=0), mtime=0), "body_not_json"),
        (gzipped_spaces(MAX_BODY_BYTES + 1), "body_too_large"),
        (gzipped_spaces(20 * MAX_BODY_BYTES), "body_too_large"),
        (gzip.compress(b'{"metrics":[' + b"1," * MAX_SAMPLES + b"1]}", mtime=0), "body_too_large"),
    ],
)
def test_what_is_no_gzip_of_our_json_is_unreadable(data: bytes, reason: str) -> None:
    """Cut off, damaged, followed by more, of something else, or a bomb."""
    with pytest.raises(InvalidBody) as caught:
        reading(data)
    assert caught.value.violation.reason == reason


def test_a_body_may_expand_to_the_bound() -> None:
    """Not one byte further."""
    assert len(reading(gzip.compress(BODY.ljust(MAX_BODY_BYTES), mtime=0)).points) == 2
