"""The formats that the API takes: a row for each path."""

from collections.abc import Sequence

from templates.components.ingest_api.formats.collectd import collectd
from templates.components.ingest_api.formats.format import Format
from templates.components.ingest_api.formats.heartbeat import heartbeat
from templates.components.ingest_api.formats.influx import influx
from templates.components.ingest_api.formats.metrics import metrics
from templates.components.ingest_api.formats.otlp import otlp
from templates.config.pipeline import Stream


def formats_of(stream: Stream, *, heartbeats: bool = True) -> Sequence[Format]:
    """The formats that there are, with answers in the words of the stream's settings."""
    own = (heartbeat(stream),) if heartbeats else ()
    return (metrics(stream), otlp(stream), collectd(stream), *influx(stream), *own)
