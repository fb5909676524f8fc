"""Metrics and series of a deployment, with their dimensions and last values, each by one bounded query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.stack import Target
from ops.timestream import quoted_name, quoted_text, select

_OWN = frozenset({"metric_name", "metric_type"})


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
    """The catalogue of one table. Each method is one query, which costs about two cents in an account.

    `within` is Timestream's interval before now ("1h", "1d"); what had no point in it is not listed.
    Raises OperatorError with Timestream's reason.
    """

    client: Any
    database: str
    table: str

    @classmethod
    def of(cls, target: Target) -> "Catalogue":
        """The catalogue of a deployment's table; OperatorError if there is no such deployment."""
        outputs = target.outputs()
        return cls(target.client("timestream-query"), outputs["DatabaseName"], outputs["TableName"])

    def dimensions(self) -> list[str] | None:
        """The names of all dimensions of clients, sorted; None before the first point, when nothing can be asked."""
        roles = {str(name): str(role) for name, _, role in self._rows(f"DESCRIBE {self._from}")}
        if "value" not in roles:
            return None
        return sorted(name for name, role in roles.items() if role == "DIMENSION" and name not in _OWN)

    def metrics(self, dimensions: Sequence[str], *, within: str = "1d", limit: int = 1000) -> list[Metric]:
        """The first `limit` metrics by name and type; `dimensions` are the names to count the values of."""
        counted = "".join(f", approx_distinct({quoted_name(name)})" for name in dimensions)
        sql = (
            f"SELECT metric_name, metric_type, {_LAST}{counted} FROM {self._from} "  # noqa: S608 - names are quoted
            f"WHERE {_where(within)} GROUP BY metric_name, metric_type ORDER BY metric_name, metric_type LIMIT {limit}"
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
            f"SELECT {_LAST}{columns} FROM {self._from} "  # noqa: S608 - names and text are quoted
            f"WHERE {_where(within)} AND metric_name = {quoted_text(metric)} {grouped} LIMIT {limit}"
        )
        return [
            Series(
                {name: value for name, value in zip(dimensions, row[3:], strict=True) if value is not None},
                Last(*row[:3]),
            )
            for row in self._rows(sql)
            if row[0]
        ]

    @property
    def _from(self) -> str:
        return f"{quoted_name(self.database)}.{quoted_name(self.table)}"

    def _rows(self, sql: str) -> list[Any]:
        return list(select(self.client, sql)[1])


_LAST = "count(*), max(time), max_by(value, time)"


def _where(within: str) -> str:
    # The measure's name lets Timestream skip whatever else is there.
    return f"measure_name = 'metric' AND time > ago({within})"
