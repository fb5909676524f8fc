"""The formats of request bodies, by their names in the partition key: a module for each, imported on first use."""

import gc
from collections.abc import Callable, Mapping
from importlib import import_module

from handlers.domain.ingest.envelope import REDRIVEN_FORMATS, StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

# A module's `read` is this. It raises `InvalidBody` if it can tell no point from the record's data.
Reader = Callable[[StreamRecord, PointValidator, DimensionMapping], Reading]

_INFLUX = "handlers.domain.ingest.formats.influx"

READERS: Mapping[str, str] = {
    "json": "handlers.domain.ingest.formats.json",
    "collectd": "handlers.domain.ingest.formats.collectd",
    "json-gz": "handlers.domain.ingest.formats.gzipped",
    "otlp-json": "handlers.domain.ingest.formats.otlp.json",
    "otlp-pb": "handlers.domain.ingest.formats.otlp.protobuf",
    # By the precision of their times.
    **{f"influx-{unit}": _INFLUX for unit in ("ns", "us", "ms", "s", "m", "h", "auto")},
    "remote-write": "handlers.domain.ingest.formats.remote_write",
    **dict.fromkeys(REDRIVEN_FORMATS, "handlers.domain.ingest.formats.redriven"),
}


def read_request(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The reading of a record by the reader of its format.

    Raises `InvalidBody` if the record did not come through the API, or its format or its body is not one of ours.
    """
    if not record.format:
        message = (
            "a partition key is <format>/<client or ->/<request id>; this record did not come through the API"
        )
        raise InvalidBody(Violation(Reason.PARTITION_KEY_INVALID, "partition_key", message))
    module = READERS.get(record.format)
    if module is None:
        message = f"the body formats are {', '.join(sorted(READERS))}"
        raise InvalidBody(Violation(Reason.FORMAT_UNKNOWN, "partition_key", message))
    read: Reader = import_module(module).read
    # The collector would look at all points again and again while there come more, and none of them is garbage.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        return read(record, validator, mapping)
    finally:
        if was_collecting:
            gc.enable()
