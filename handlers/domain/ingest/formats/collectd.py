"""collectd's value lists, in the JSON that its plugin write_http sends: https://collectd.org/wiki/index.php/JSON

A value list has the values of one type (`if_octets`) by data source (`rx`, `tx`), at one time. Each is a sample, named
after plugin, type and data source as collectd's own write_prometheus does, without its prefix and suffix. StatsD's
metrics, which the plugin statsd takes, have the names by which they were sent.
"""

from collections.abc import Sequence
from typing import Any

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping, dimensions_of
from handlers.domain.ingest.formats.json import decode
from handlers.domain.ingest.formats.samples import Labels, Samples
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

_TEXTS = ("host", "plugin", "plugin_instance", "type", "type_instance")
_STATSD = "statsd"
_NO_DATA_SOURCE = "value"  # the name of a type's only data source
# A time in seconds has a double's digits: microseconds are right, and what is below them is not.
_US_PER_S = 1_000_000


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The samples of a body, which is an array of value lists; raises `InvalidBody` if it is none."""
    body = decode(record.data)
    if not isinstance(body, list):
        raise InvalidBody(Violation(Reason.BODY_FORM, "body", "a body is an array of collectd's value lists"))
    samples = Samples(record, validator)
    for raw in body:
        _read_value_list(raw, samples, mapping)
    return samples.reading()


def _read_value_list(raw: Any, samples: Samples, mapping: DimensionMapping) -> None:
    """Add a sample for each value; null, which a data source without one has, is none."""
    if (wrong := _fault(raw)) is not None:
        message = f"a value list has values with dsnames, a time in seconds and {', '.join(_TEXTS)}: {wrong}"
        samples.refuse(Violation(Reason.DATA_POINT_INVALID, "value_list", message), raw)
        return
    host, plugin, plugin_instance, type_, type_instance = (raw.get(name, "") for name in _TEXTS)
    if plugin == _STATSD and type_instance:
        name, named = type_instance, (host, plugin_instance, type_, "")
    else:
        name = plugin if type_ == plugin else f"{plugin}_{type_}"
        named = (host, plugin_instance, "", type_instance)
    labels = _labels(named, mapping)
    time_ns = round(raw["time"] * _US_PER_S) * 1_000 if "time" in raw else None
    for source, value in zip(raw["dsnames"], raw["values"], strict=True):
        if value is None:
            samples.ignored["collectd_no_value"] += 1
            continue
        full = name if source == _NO_DATA_SOURCE else f"{name}_{source}"
        samples.add(full, labels, value, samples.arrival_ns() if time_ns is None else time_ns)


def _fault(raw: Any) -> str | None:
    """The part of a value list that cannot be read, if there is one."""
    if not isinstance(raw, dict):
        return "it is no object"
    values, sources = raw.get("values"), raw.get("dsnames")
    if not isinstance(values, list) or not isinstance(sources, list) or len(values) != len(sources):
        return "values and dsnames are arrays of one length"
    if not all(isinstance(source, str) for source in sources):
        return "dsnames are texts"
    if "time" in raw and not _is_time(raw["time"]):
        return "time is a number of seconds"
    return next((f"{name} is a text" for name in _TEXTS if not isinstance(raw.get(name, ""), str)), None)


def _is_time(raw: Any) -> bool:
    """True for a number that is a time somewhere; the validator says if it is one that the store takes."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < 2**62 / 1e9


def _labels(named: Sequence[str], mapping: DimensionMapping) -> Labels:
    key = ("collectd", *named)
    labels = mapping.labels.get(key)
    if labels is None:
        names = ("host", "plugin_instance", "type", "type_instance")
        dimensions, metric_type = dimensions_of(zip(names, named, strict=True))
        labels = mapping.labels[key] = Labels(dimensions, metric_type)
    return labels
