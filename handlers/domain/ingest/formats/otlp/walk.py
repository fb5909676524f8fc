"""The walk over an OTLP request: from its data points to points of ours."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping, attribute_text, dimensions_of
from handlers.domain.ingest.formats.otlp.request import (
    Attribute,
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
from handlers.domain.ingest.reading import MAX_SAMPLES, Reading, body_too_large
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
    return walk.reading()


# The flag of a data point that says that there is no value for its time.
_NO_VALUE: Final = 1


class _Walk:
    """Goes through a request once, and leaves its samples in `samples`."""

    def __init__(self, codec: Codec, samples: Samples, mapping: DimensionMapping) -> None:
        self.samples = samples
        self._codec = codec
        self._mapping = mapping
        self._parts = 0
        # Of the resource that is read now: a request may have many scopes of one that has many attributes.
        self._resource: Sequence[Attribute] = ()
        self._resource_wanted: dict[str, Any] = {}
        self._resource_rows = 0

    def read(self, origin: Origin, metrics: Sequence[Metric | Unreadable]) -> None:
        """Take up the samples of an origin's metrics; raises `InvalidBody` for more than anybody sends at once."""
        self._parts += 1 + len(metrics)
        if origin.resource is not self._resource:
            self._end_resource()
            self._resource = origin.resource
            self._resource_wanted = self._wanted(origin.resource)
        before = self.samples.received
        by_unit: dict[str, _LabelsOf] = {}
        for metric in metrics:
            if isinstance(metric, Unreadable):
                payload = self._codec.payload(metric.raw)
                self.samples.refuse(metric.violation, payload, is_stranger=True)
                continue
            unit = metric.unit if UNIT in self._mapping.otlp_attributes else ""
            labels = by_unit.get(unit)
            if labels is None:
                labels = by_unit[unit] = self._labels_of(origin, unit)
            if metric.kind is Kind.NUMBER:
                self._bound(len(metric.points))
                self._read_numbers(metric, labels)
            else:
                self._read_rows(metric, labels)
        self._bound(0)
        if rows := self.samples.received - before:
            self._resource_rows += rows
            self._drop(origin.scope, rows)

    def reading(self) -> Reading:
        """All that was read; raises `InvalidBody` if nothing of it is of OTLP's metrics."""
        self._end_resource()
        if self.samples.are_strange:
            raise no_request("none of its metrics can be read")
        return self.samples.reading()

    def _bound(self, more: int) -> None:
        if max(self.samples.received + more, self._parts) > MAX_SAMPLES:
            raise body_too_large()

    def _end_resource(self) -> None:
        if self._resource_rows:
            self._drop(self._resource, self._resource_rows)
        self._resource_rows = 0

    def _drop(self, attributes: Sequence[Attribute], rows: int) -> None:
        for name in {name for name, _ in attributes} - self._mapping.otlp_attributes:
            self.samples.dropped[name] += rows

    def _wanted(self, attributes: Sequence[Attribute]) -> dict[str, Any]:
        return {name: raw for name, raw in attributes if name in self._mapping.otlp_attributes}

    def _labels_of(self, origin: Origin, unit: str) -> "_LabelsOf":
        """The labels of an origin's data points, with what all of them have beside their own; a scope's win."""
        wanted = self._mapping.otlp_attributes
        own = {SCOPE_NAME: origin.scope_name, SCOPE_VERSION: origin.scope_version, UNIT: unit}
        try:
            inherited = {
                **self._texts(self._resource_wanted),
                **{name: text for name, text in own.items() if name in wanted},
                **self._texts(self._wanted(origin.scope)),
            }
        except Refused as refused:
            return _LabelsOf(self._codec, DimensionMapping(), {}, refused.violation)
        return _LabelsOf(self._codec, self._mapping, inherited)

    def _texts(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        value = self._codec.value
        return {name: attribute_text(value(raw)) for name, raw in attributes.items()}

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
            self._bound(0)
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
    """The labels of an origin's data points by their attributes, each read once."""

    def __init__(
        self,
        codec: Codec,
        mapping: DimensionMapping,
        inherited: Mapping[str, str],
        refused: Violation | None = None,
    ) -> None:
        super().__init__()
        self._codec = codec
        self._mapping = mapping
        self._inherited = inherited
        self._refused = refused
        self._inherited_bytes = sum([len(name) + len(text) for name, text in inherited.items()])
        self._key = (type(codec), *inherited.items())

    def __missing__(self, attributes: bytes) -> Labels:
        key = (self._key, attributes)
        labels = self._mapping.labels.get(key)
        if labels is None:
            labels = self._mapping.keep(key, self._read(attributes), len(attributes) + self._inherited_bytes)
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
