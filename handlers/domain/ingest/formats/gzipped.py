"""Our own JSON in gzip, as it lies on the stream when the client said so by the type of the body."""

import zlib

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import read_body
from handlers.domain.ingest.reading import MAX_BODY_BYTES, InvalidBody, Reading, body_too_large
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

_GZIP = 16 + zlib.MAX_WBITS


def read(record: StreamRecord, validator: PointValidator, _: DimensionMapping) -> Reading:
    """The metrics of a body; `InvalidBody` when it is no gzip, expands to too much, or holds something else."""
    return read_body(inflate(record.data), record, validator)


def inflate(data: bytes) -> bytes:
    """The one member that the data consist of; what it expands to is never held beyond its bound."""
    member = zlib.decompressobj(_GZIP)
    try:
        body = member.decompress(data, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise _not_gzip("it is no gzip, or damaged") from error
    if len(body) > MAX_BODY_BYTES:
        raise body_too_large()
    if not member.eof:
        raise _not_gzip("it is cut off")
    if member.unused_data:
        raise _not_gzip("something follows its end")
    return body


def _not_gzip(why: str) -> InvalidBody:
    return InvalidBody(Violation(Reason.BODY_NOT_GZIP, "body", f"the body is no gzip of JSON: {why}"))
