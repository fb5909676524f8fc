"""The port: what a store of points answers, and the pieces of SQL that each kind of store spells in its own way."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

Answer = tuple[Sequence[str], Iterator[list[Any]]]
"""Column names, and rows as they come.

Numbers are numbers and NULL is None. Times are text, UTC's, with nine digits behind the second's point, whatever the
store keeps of them: 2026-11-26 04:05:06.123000000.
"""


class Meter:
    """A counter of questions, which this one leaves alone."""

    def asked(self) -> None:
        """Count a question that is asked now."""

    def billed(self, price: str, units: float) -> None:
        """Count what a question is billed at most: so many units at a price of `ops/bill/prices.toml`."""


class Store(Protocol):
    """The points of one deployment. Every call may raise OperatorError with the store's reason."""

    service: str
    """The name of what answers."""
    points: str
    """The table or view that has each point once, as SQL names it."""
    superseded: str
    """The view that has each version of a point that does not count; empty if the store forgets them."""
    own_columns: Sequence[str]
    """The columns of points that are not dimensions of clients."""
    time_ns: str
    """The expression of a point's time in nanoseconds since 1970."""

    def select(self, sql: str) -> Answer:
        """The answer to a statement."""

    def expect_bounded(self, sql: str) -> None:
        """Raise OperatorError with the words to add, if the statement would read every hour that there is."""

    def dimensions(self) -> list[str] | None:
        """The columns of the clients' dimensions, sorted; None while nothing can be asked, as no point has come."""

    def since(self, interval: str) -> str:
        """The condition that a point is younger than an interval such as 15m."""

    def within(self, start_s: int, end_s: int) -> str:
        """The condition that a point lies in these seconds since 1970, the last not included."""

    def column(self, dimension: str) -> str:
        """The column that a dimension has, or would have, in the letters that `dimensions` tells it in, or others."""

    def bins(self, interval: str) -> str:
        """The expression for the start of a point's bin, whose width is an interval such as 10s."""
