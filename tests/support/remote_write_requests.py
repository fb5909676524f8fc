"""Makes requests of remote write 1.0 by the protobuf library, from Prometheus's own description of the messages.

https://github.com/prometheus/prometheus/blob/main/prompb/types.proto and remote.proto.
"""

import math
import struct
from collections.abc import Iterable
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import strategies as st

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import ARRIVAL_MS
from tests.support.points import LIMITS

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
_FIELD = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _FIELD.LABEL_OPTIONAL, _FIELD.LABEL_REPEATED
_MESSAGES: dict[str, list[tuple[str, int, int, int, str]]] = {
    "Label": [("name", 1, _FIELD.TYPE_STRING, _ONE, ""), ("value", 2, _FIELD.TYPE_STRING, _ONE, "")],
    "Sample": [("value", 1, _FIELD.TYPE_DOUBLE, _ONE, ""), ("timestamp", 2, _FIELD.TYPE_INT64, _ONE, "")],
    "Exemplar": [("value", 2, _FIELD.TYPE_DOUBLE, _ONE, "")],
    "Histogram": [("count_int", 1, _FIELD.TYPE_UINT64, _ONE, "")],
    "TimeSeries": [
        ("labels", 1, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.Label"),
        ("samples", 2, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.Sample"),
        ("exemplars", 3, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.Exemplar"),
        ("histograms", 4, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.Histogram"),
    ],
    "MetricMetadata": [("metric_family_name", 2, _FIELD.TYPE_STRING, _ONE, "")],
    "WriteRequest": [
        ("timeseries", 1, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.TimeSeries"),
        ("metadata", 3, _FIELD.TYPE_MESSAGE, _MANY, ".prometheus.MetricMetadata"),
    ],
}


def _write_request() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label, type_name in fields:
            message.field.add(name=field, number=number, type=kind, label=label, type_name=type_name or None)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


WriteRequest = _write_request()
Labels = Iterable[tuple[str, str]]


def series(labels: Labels, *samples: tuple[float, int], **others: Any) -> dict[str, Any]:
    """A time series with these labels and samples, each a value and a time in milliseconds."""
    return {
        "labels": [{"name": name, "value": value} for name, value in labels],
        "samples": [{"value": value, "timestamp": time_ms} for value, time_ms in samples],
        **others,
    }


def body(*timeseries: dict[str, Any], metadata: int = 0) -> bytes:
    """A request with these series, and as many entries of metadata."""
    entries = [{"metric_family_name": "m"}] * metadata
    return snappy(WriteRequest(timeseries=timeseries, metadata=entries).SerializeToString())


def snappy(message: bytes) -> bytes:
    """A message in one block of snappy."""
    return bytes(cramjam.snappy.compress_raw(message))


def read_body(given: bytes) -> Reading:
    """The reading of a request's body."""
    record = StreamRecord("remote-write", "-", "r", ARRIVAL_MS, 1, "s", given)
    return read_request(record, PointValidator(LIMITS), DimensionMapping())


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=200)
_LABELS = st.dictionaries(st.sampled_from(["job", "instance", "a.b", "host"]), _TEXTS, max_size=4)
_SAMPLES = st.tuples(
    st.floats(allow_infinity=False).filter(lambda value: not math.isnan(value)) | st.just(STALE),
    st.integers(ARRIVAL_MS - 10**6, ARRIVAL_MS),
)
SERIES = st.lists(st.tuples(_LABELS, st.lists(_SAMPLES, max_size=4)), max_size=5)
