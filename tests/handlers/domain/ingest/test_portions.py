"""A batch in portions that memory holds."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.portions import portions
from handlers.domain.ingest.reading import MAX_BODY_BYTES
from tests.support.events import batch, metric, records
from tests.support.gzip_bomb import gzipped_spaces

[RECORD] = records({})


def record(body_format: str, data: bytes) -> StreamRecord:
    """A record of this format."""
    return replace(RECORD, format=body_format, data=data)


def test_an_ordinary_batch_is_one_portion() -> None:
    """Lambda gives 6 MB at most, and plain bodies are what they are."""
    ordinary = records(*[batch(*[metric(dimensions={"host": "a" * 20}, timestamp=1)] * 1000)] * 40)
    assert 3_000_000 < sum(len(one.data) for one in ordinary) < 6_000_000
    assert list(portions(ordinary)) == [ordinary]
    assert list(portions([])) == []


@pytest.mark.parametrize(
    ("body_format", "data"),
    [
        ("json-gz", gzipped_spaces(MAX_BODY_BYTES // 2 + 1)),
        ("json-gz", gzipped_spaces(40 * MAX_BODY_BYTES)),
        ("remote-write", bytes(cramjam.snappy.compress_raw(b" " * (MAX_BODY_BYTES // 2 + 1)))),
        ("remote-write", b"\xff" * 10),
        ("json", b'{"metrics":[' + b"1," * 300_000 + b"1]}"),
        ("influx-ns", b"x\n" * 300_000),
    ],
)
def test_bodies_of_much_in_little_stand_alone(body_format: str, data: bytes) -> None:
    """Compressed, or of samples that are two characters each."""
    one = record(body_format, data)
    assert list(portions([one] * 3)) == [[one]] * 3


@given(st.lists(st.tuples(st.sampled_from(["json", "json-gz", "remote-write"]), st.binary(max_size=12))))
def test_every_record_is_in_one_portion_in_its_order(some: list[tuple[str, bytes]]) -> None:
    """Whatever it says of itself."""
    given_records = [record(*one) for one in some]
    assert [one for portion in portions(given_records) for one in portion] == given_records
