"""The port: hours of points of the past, wherever they are read from."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from handlers.domain.exports.hour import Hour
from ops.history.asked import AskedMetric, Readings


class Slice(NamedTuple):
    """A part of an hour that is read at once, in seconds since 1970, the last not included."""

    start_s: int
    end_s: int


class History(Protocol):
    """Points of the past. Each method raises OperatorError where the hour cannot be read, or was never exported."""

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """The parts to read an hour in, one after the other, each of which fits into memory; all of the hour."""

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points of a metric in a part of an hour."""

    def remark(self, hour: Hour) -> str:
        """A remark on an hour that can be read: why it may lack points; empty if there is nothing to say."""
