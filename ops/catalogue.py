"""Metrics and series of a deployment, with their dimensions and last values, each by one bounded query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.store.port import Store
from ops.store.quoted import quoted_name, quoted_text


@dataclass(frozen=True, slots=True)
class Last:
    """The newest point of a metric or series, and how many it had; the time is UTC's, with nanoseconds."""

    points: int
    at: str
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and type; `dimensions` has about how many values each of its dimensions takes."""

    name: str
    metric_type: str
    dimensions: Mapping[str, int]
    last: Last


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a metric: the dimensions that it has."""

    dimensions: Mapping[str, str]
    last: Last


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue of a store. Each method is one query at most, which costs up to two cents in an account.

    Dimensions are called as the store's columns are. `within` is an interval before now ("1h", "1d"); what had no point
    in it is not listed. Raises OperatorError with the store's reason.
    """

    store: Store

    def dimensions(self) -> list[str] | None:
        """The names of all dimensions of clients, sorted; None before the first point, when nothing can be asked."""
        return self.store.dimensions()

    def metrics(self, dimensions: Sequence[str], *, within: str = "1d", limit: int = 1000) -> list[Metric]:
        """The first `limit` metrics by name and type; `dimensions` are the names to count the values of."""
        counted = "".join(f", approx_distinct({quoted_name(name)})" for name in dimensions)
        sql = (
            f"SELECT metric_name, metric_type, {_LAST}{counted} FROM {self.store.points} "  # noqa: S608 - names are quoted
            f"WHERE {self.store.since(within)} GROUP BY metric_name, metric_type "
            f"ORDER BY metric_name, metric_type LIMIT {limit}"
        )
        return [
            Metric(
                row[0],
                row[1],
                {name: count for name, count in zip(dimensions, row[5:], strict=True) if count},
                Last(*row[2:5]),
            )
            for row in self._rows(sql)
        ]

    def series(
        self, metric: str, dimensions: Sequence[str], *, within: str = "1d", limit: int = 1000
    ) -> list[Series]:
        """The first `limit` series of a metric by their dimensions, of which `dimensions` are the names."""
        columns = "".join(f", {quoted_name(name)}" for name in dimensions)
        grouped = f"GROUP BY {columns[2:]} ORDER BY {columns[2:]}" if dimensions else ""
        sql = (
            f"SELECT {_LAST}{columns} FROM {self.store.points} "  # noqa: S608 - names and text are quoted
            f"WHERE {self.store.since(within)} AND metric_name = {quoted_text(metric)} {grouped} LIMIT {limit}"
        )
        return [
            Series(
                {name: value for name, value in zip(dimensions, row[3:], strict=True) if value is not None},
                Last(*row[:3]),
            )
            for row in self._rows(sql)
            if row[0]
        ]

    def _rows(self, sql: str) -> list[Any]:
        return list(self.store.select(sql)[1])


_LAST = "count(*), max(time), max_by(value, time)"
