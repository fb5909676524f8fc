"""The formats of request bodies: one module for each, by the name that stands in the partition key."""

from collections.abc import Callable, Mapping

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import json
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

# A reader raises `InvalidBody` if it can tell no point from the record's data.
Reader = Callable[[StreamRecord, PointValidator], Reading]

READERS: Mapping[str, Reader] = {"json": json.read}


def read_request(record: StreamRecord, validator: PointValidator) -> Reading:
    """The reading of a record by the reader of its format.

    Raises `InvalidBody` if the record did not come through the API, or its format or its body is not one of ours.
    """
    if not record.format:
        message = (
            "a partition key is <format>/<client or ->/<request id>; this record did not come through the API"
        )
        raise InvalidBody(Violation(Reason.PARTITION_KEY_INVALID, "partition_key", message))
    reader = READERS.get(record.format)
    if reader is None:
        formats = "format is" if len(READERS) == 1 else "formats are"
        message = f"the only body {formats} {', '.join(sorted(READERS))}"
        raise InvalidBody(Violation(Reason.FORMAT_UNKNOWN, "partition_key", message))
    return reader(record, validator)
