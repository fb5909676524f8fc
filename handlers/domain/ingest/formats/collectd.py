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
from handlers.domain.ingest.reading import MAX_SAMPLES, InvalidBody, Reading, body_too_large
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

_TEXTS = ("host", "plugin", "plugin_instance", "type", "type_instance")
_STATSD = "statsd"
_NO_DATA_SOURCE = "value"  # the name of a type's only data source
# A time in seconds has a double's digits: microseconds are right, and what is below them is not.
_US_PER_S = 1_000_000
_LATEST_S = 2**62 / 1e9


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The samples of a body, which is an array of value lists; raises `InvalidBody` if it is none, or has too many."""
    body = decode(record.data)
    if not isinstance(body, list):
        raise InvalidBody(Violation(Reason.BODY_FORM, "body", "a body is an array of collectd's value lists"))
    samples = Samples(record, validator)
    sources = _Sources(mapping)
    for raw in body:
        named = sources.of(raw)
        if isinstance(named, str):
            message = (
                f"a value list has values with dsnames, a time in seconds and {', '.join(_TEXTS)}: {named}"
            )
            samples.refuse(Violation(Reason.DATA_POINT_INVALID, "value_list", message), raw)
        else:
            _add_values(raw, named, samples)
        if samples.received > MAX_SAMPLES:
            raise body_too_large()
    return samples.reading()


def _add_values(raw: Any, sources: "_Named", samples: Samples) -> None:
    """Add a sample for each value; null, which a data source without one has, is none."""
    labels, names = sources
    if len(names) > MAX_SAMPLES:
        raise body_too_large()
    time_ns = round(raw["time"] * _US_PER_S) * 1_000 if "time" in raw else None
    for name, value in zip(names, raw["values"], strict=True):
        if value is None:
            samples.ignored["collectd_no_value"] += 1
        else:
            samples.add(name, labels, value, samples.arrival_ns() if time_ns is None else time_ns)


_Named = tuple[Labels, Sequence[str]]
"""The labels of a value list, and the names of its values."""


class _Sources:
    """The names of values, kept, as the same lists come again and again."""

    def __init__(self, mapping: DimensionMapping) -> None:
        self._mapping = mapping
        self._known: dict[tuple[object, ...], _Named] = {}

    def of(self, raw: Any) -> _Named | str:
        """The names of a value list, or the part of it that cannot be read."""
        if not isinstance(raw, dict):
            return "it is no object"
        values, sources, get = raw.get("values"), raw.get("dsnames"), raw.get
        if not isinstance(values, list) or not isinstance(sources, list) or len(values) != len(sources):
            return "values and dsnames are arrays of one length"
        if "time" in raw and not _is_time(raw["time"]):
            return "time is a number of seconds"
        own = (
            get("host", ""),
            get("plugin", ""),
            get("plugin_instance", ""),
            get("type", ""),
            get("type_instance", ""),
        )
        key = (*own, *sources)
        try:
            found = self._known.get(key)
        except TypeError:  # a list or an object, where a text is
            found = None
        if found is None:
            if not all(isinstance(part, str) for part in key):
                return f"{', '.join(_TEXTS)} and dsnames are texts"
            found = self._known[key] = self._named(raw)
        return found

    def _named(self, raw: Any) -> _Named:
        host, plugin, plugin_instance, type_, type_instance = (raw.get(name, "") for name in _TEXTS)
        if plugin == _STATSD and type_instance:
            name, named = type_instance, (host, plugin_instance, type_, "")
        else:
            name = plugin if type_ == plugin else f"{plugin}_{type_}"
            named = (host, plugin_instance, "", type_instance)
        names = [name if source == _NO_DATA_SOURCE else f"{name}_{source}" for source in raw["dsnames"]]
        labels = self._mapping.labels.get(("collectd", *named))
        if labels is None:
            dimensions, metric_type = dimensions_of(
                zip(("host", "plugin_instance", "type", "type_instance"), named, strict=True)
            )
            labels = self._mapping.keep(
                ("collectd", *named), Labels(dimensions, metric_type), sum(map(len, named))
            )
        return labels, names


def _is_time(raw: Any) -> bool:
    """True for a number that is a time somewhere; the validator says if it is one that the store takes."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < _LATEST_S
