"""The walk over an OTLP request: from its data points to points of ours."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping, attribute_text, dimensions_of
from handlers.domain.ingest.formats.otlp.request import (
    Codec,
    Common,
    Kind,
    Metric,
    Origin,
    Refused,
    Unreadable,
    no_request,
)
from handlers.domain.ingest.formats.otlp.rows import Row, exponential_rows, histogram_rows, summary_rows
from handlers.domain.ingest.formats.samples import Labels, Samples
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import MISSING, PointValidator
from handlers.domain.violation import Reason, Violation

SCOPE_NAME, SCOPE_VERSION, UNIT = "otel.scope.name", "otel.scope.version", "unit"


def read_request(
    codec: Codec, record: StreamRecord, validator: PointValidator, mapping: DimensionMapping
) -> Reading:
    """The points of a request; raises `InvalidBody` if it is none.

    Of the attributes of resources and scopes those become dimensions that the mapping names; of a data point's, all.
    """
    walk = _Walk(codec, Samples(record, validator), mapping)
    for origin, metrics in codec.groups(record.data):
        walk.read(origin, metrics)
    if walk.samples.are_strange:
        raise no_request("none of its metrics can be read")
    return walk.samples.reading()


# The flag of a data point that says that there is no value for its time.
_NO_VALUE: Final = 1


class _Walk:
    """Goes through a request once, and leaves its samples in `samples`."""

    def __init__(self, codec: Codec, samples: Samples, mapping: DimensionMapping) -> None:
        self.samples = samples
        self._codec = codec
        self._mapping = mapping

    def read(self, origin: Origin, metrics: Iterable[Metric | Unreadable]) -> None:
        """Take up the samples of an origin's metrics."""
        wanted = self._mapping.otlp_attributes
        before = self.samples.received
        by_unit: dict[str, _LabelsOf] = {}
        for metric in metrics:
            if isinstance(metric, Unreadable):
                payload = self._codec.payload(metric.raw)
                self.samples.refuse(metric.violation, payload, is_stranger=True)
                continue
            unit = metric.unit if UNIT in wanted else ""
            labels = by_unit.get(unit)
            if labels is None:
                labels = by_unit[unit] = _LabelsOf(self._codec, self._mapping, origin, unit)
            if metric.kind is Kind.NUMBER:
                self._read_numbers(metric, labels)
            else:
                self._read_rows(metric, labels)
        if rows := self.samples.received - before:
            for name in {name for name, _ in (*origin.resource, *origin.scope)} - wanted:
                self.samples.dropped[name] += rows

    def _read_numbers(self, metric: Metric, labels: "_LabelsOf") -> None:
        read, add = self._codec.number, self.samples.add
        name = metric.name or MISSING
        for raw in metric.points:
            try:
                time_ns, value, flags, exemplars, attributes = read(raw)
            except Refused as refused:
                self.samples.refuse(refused.violation, self._codec.payload(raw))
                continue
            if exemplars:
                self.samples.ignored["exemplars"] += exemplars
            if flags & _NO_VALUE:
                self.samples.ignored["no_recorded_value"] += 1
                continue
            add(
                name,
                labels[attributes],
                MISSING if value is None else value,
                time_ns or self.samples.arrival_ns(),
            )

    def _read_rows(self, metric: Metric, labels: "_LabelsOf") -> None:
        for raw in metric.points:
            try:
                common, rows = self._rows(metric.kind, raw)
            except Refused as refused:
                self.samples.refuse(refused.violation, self._codec.payload(raw))
                continue
            if common.exemplars:
                self.samples.ignored["exemplars"] += common.exemplars
            if common.flags & _NO_VALUE:
                self.samples.ignored["no_recorded_value"] += 1
            time_ns = common.time_ns or self.samples.arrival_ns()
            own = labels[common.attributes]
            for suffix, label, text, value in rows:
                name = f"{metric.name}{suffix}" if metric.name else MISSING
                self.samples.add(name, own.extended(label, text) if label else own, value, time_ns)

    def _rows(self, kind: Kind, raw: Any) -> tuple[Common, list[Row]]:
        """The rows of a data point, none if it has no value; raises `Refused`."""
        match kind:
            case Kind.HISTOGRAM:
                common, histogram = self._codec.histogram(raw)
                return common, [] if common.flags & _NO_VALUE else histogram_rows(histogram)
            case Kind.EXPONENTIAL_HISTOGRAM:
                common, exponential = self._codec.exponential_histogram(raw)
                return common, [] if common.flags & _NO_VALUE else exponential_rows(exponential)
            case _:
                common, summary = self._codec.summary(raw)
                return common, [] if common.flags & _NO_VALUE else summary_rows(summary)


class _LabelsOf(dict[bytes, Labels]):
    """The labels of an origin's data points by their attributes, each read once in a batch."""

    def __init__(self, codec: Codec, mapping: DimensionMapping, origin: Origin, unit: str) -> None:
        super().__init__()
        self._codec = codec
        self._known = mapping.labels
        self._refused: Violation | None = None
        self._inherited: dict[str, str] = {}
        try:
            self._inherited = self._origin_texts(origin, unit, mapping.otlp_attributes)
        except Refused as refused:
            self._refused = refused.violation
        self._key = (type(codec), *self._inherited.items())

    def __missing__(self, attributes: bytes) -> Labels:
        key = (self._key, attributes)
        labels = None if self._refused else self._known.get(key)
        if labels is None:
            labels = self._known[key] = self._read(attributes)
        self[attributes] = labels
        return labels

    def _read(self, attributes: bytes) -> Labels:
        try:
            own = self._codec.attributes(attributes)
        except Refused as refused:
            return Labels(self._inherited, violation=refused.violation)
        violation = self._refused
        texts = {name: value if isinstance(value, str) else attribute_text(value) for name, value in own}
        if len(texts) < len(own):
            message = "a data point has each attribute once"
            violation = Violation(Reason.DIMENSION_NAME_REPEATED, "dimensions", message)
        dimensions, metric_type = dimensions_of({**self._inherited, **texts}.items())
        return Labels(dimensions, metric_type, violation)

    def _texts(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        value = self._codec.value
        return {name: attribute_text(value(raw)) for name, raw in attributes.items()}

    def _origin_texts(self, origin: Origin, unit: str, wanted: frozenset[str]) -> dict[str, str]:
        """The dimensions that all data points of an origin have beside their attributes; a scope's win."""
        named = ((SCOPE_NAME, origin.scope_name), (SCOPE_VERSION, origin.scope_version), (UNIT, unit))
        resource, scope = (
            {name: raw for name, raw in pairs if name in wanted} for pairs in (origin.resource, origin.scope)
        )
        own = {name: text for name, text in named if name in wanted}
        return {**self._texts(resource), **own, **self._texts(scope)}
