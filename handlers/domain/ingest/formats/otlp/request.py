"""An OTLP request as either encoding gives it: origins, metrics, and data points that a codec reads one by one.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol

from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.violation import Reason, Violation

# Arrays and maps within each other that an attribute's value may have; a deeper one is refused.
ATTRIBUTE_DEPTH = 32
# Buckets that a histogram may be sent with: a hundred times what an SDK makes.
MAX_BUCKETS = 16_384


class Kind(Enum):
    """The kinds of data points; gauges and sums have the same."""

    NUMBER = "number"
    HISTOGRAM = "histogram"
    EXPONENTIAL_HISTOGRAM = "exponential histogram"
    SUMMARY = "summary"


class Refused(Exception):  # noqa: N818 -- a verdict on a part of a request, not an error of ours
    """One data point, metric or attribute cannot be read, while its neighbours may be."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.message)
        self.violation = violation


def invalid(message: str) -> Refused:
    """Raised for a data point that is none."""
    return Refused(Violation(Reason.DATA_POINT_INVALID, "data_point", message))


def too_deep() -> Refused:
    """Raised for an attribute's value that is nested too deep."""
    message = f"an attribute's value has at most {ATTRIBUTE_DEPTH} arrays and maps within each other"
    return Refused(Violation(Reason.DIMENSION_VALUE_TYPE, "attributes", message))


def no_request(why: str) -> InvalidBody:
    """Raised for a body that is no request for metrics."""
    return InvalidBody(
        Violation(Reason.BODY_NOT_OTLP, "body", f"the body is no OTLP request for metrics: {why}")
    )


# An attribute's key, and its value as the codec's `value` reads it.
Attribute = tuple[str, Any]


class Origin(NamedTuple):
    """The resource and the scope that metrics come from."""

    resource: Sequence[Attribute]
    scope: Sequence[Attribute]
    scope_name: str
    scope_version: str


class Metric(NamedTuple):
    """A metric with its data points, unread."""

    name: str
    unit: str
    kind: Kind
    points: Sequence[Any]


class Unreadable(NamedTuple):
    """Stands for a metric that is none."""

    raw: Any
    violation: Violation


class Common(NamedTuple):
    """The part that data points of every kind have; `attributes` is read by the codec, and equal for equal ones."""

    time_ns: int
    flags: int
    exemplars: int
    attributes: bytes


class Histogram(NamedTuple):
    """The values of a histogram's data point; a sum, least and greatest value are None if they were not sent."""

    total: int
    sum: object
    min: object
    max: object
    bucket_counts: Sequence[int]
    bounds: Sequence[float]


class Buckets(NamedTuple):
    """Counts of one sign of an exponential histogram: the first one's index, then one after the other."""

    offset: int
    counts: Sequence[int]


class ExponentialHistogram(NamedTuple):
    """The values of an exponential histogram's data point."""

    total: int
    sum: object
    min: object
    max: object
    scale: int
    zero_count: int
    zero_threshold: float
    positive: Buckets
    negative: Buckets


class Summary(NamedTuple):
    """The values of a summary's data point."""

    total: int
    sum: object
    quantiles: Sequence[tuple[float, object]]


class Codec(Protocol):
    """An encoding of OTLP. What reads a data point or a value raises `Refused` if it is none."""

    def groups(self, body: bytes) -> Iterator[tuple[Origin, Sequence[Metric | Unreadable]]]:
        """The metrics of each resource and scope; raises `InvalidBody` if the body is no request for metrics."""

    def number(self, raw: Any) -> tuple[int, object, int, int, bytes]:
        """The time, value, flags, number of exemplars and attributes of a gauge's or sum's data point."""

    def histogram(self, raw: Any) -> tuple[Common, Histogram]:
        """A histogram's data point."""

    def exponential_histogram(self, raw: Any) -> tuple[Common, ExponentialHistogram]:
        """An exponential histogram's data point."""

    def summary(self, raw: Any) -> tuple[Common, Summary]:
        """A summary's data point."""

    def attributes(self, attributes: bytes) -> Sequence[tuple[str, object]]:
        """The attributes of a data point, in the order in which they were sent, with their values read."""

    def value(self, raw: Any) -> object:
        """The value of an attribute: text, bool, int, float, bytes, list, dict, or None if it has none."""

    def payload(self, raw: Any) -> object:
        """The payload: as it was sent, as far as JSON can say it."""
