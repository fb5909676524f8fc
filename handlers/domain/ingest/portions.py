"""A batch in portions that memory holds: a few kilobytes of gzip may be ten megabytes of points."""

from collections.abc import Iterator, Sequence

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.reading import MAX_BODY_BYTES

# What a sample costs at least, if it is only two characters: what was refused is kept with its reason.
_SAMPLE_BYTES = 20
_GZIP, _SNAPPY = _COMPRESSED = ("json-gz", "remote-write")
_ISIZE_BYTES = 4
_VARINT_BYTES = 5


def portions(records: Sequence[StreamRecord]) -> Iterator[list[StreamRecord]]:
    """The records in their order, as many at once as expand to `MAX_BODY_BYTES`, or a single one."""
    if records and _SAMPLE_BYTES * sum([len(record.data) for record in records]) <= MAX_BODY_BYTES:
        formats = {record.format for record in records}
        if formats.isdisjoint(_COMPRESSED):
            yield list(records)  # whatever they are made of
            return
    portion: list[StreamRecord] = []
    held = 0
    for record in records:
        size = _weight(record)
        if portion and held + size > MAX_BODY_BYTES:
            yield portion
            portion, held = [], 0
        portion.append(record)
        held += size
    if portion:
        yield portion


def _weight(record: StreamRecord) -> int:
    """The bytes that a record expands to, as it says itself; a reader refuses what is untrue, and what is too large."""
    data = record.data
    if record.format == _GZIP:
        return min(int.from_bytes(data[-_ISIZE_BYTES:], "little"), MAX_BODY_BYTES)
    if record.format == _SNAPPY:
        return min(_varint(data[:_VARINT_BYTES]), MAX_BODY_BYTES)
    return max(len(data), _SAMPLE_BYTES * (data.count(b",") + data.count(b"\n")))


def _varint(data: bytes) -> int:
    """The length that a block of snappy begins with."""
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            break
    return number
