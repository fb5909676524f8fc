"""The SQL of the Explore page: a metric's values by time, aggregated, grouped and filtered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.store.port import Store
from ops.store.quoted import quoted_name, quoted_text

AGGREGATIONS: Mapping[str, str] = {
    "avg": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "sum": "sum(value)",
    "count": "count(*)",
    "p50": "approx_percentile(value, 0.5)",
    "p90": "approx_percentile(value, 0.9)",
    "p99": "approx_percentile(value, 0.99)",
    "last": "max_by(value, time)",
}


@dataclass(frozen=True, slots=True)
class Range:
    """A span of time back from now, and the bins that it is drawn in: some three hundred points to a line."""

    label: str
    ago: str
    bin: str
    seconds: int


RANGES: Mapping[str, Range] = {
    each.ago: each
    for each in (
        Range("5 minutes", "5m", "1s", 300),
        Range("15 minutes", "15m", "5s", 900),
        Range("1 hour", "1h", "10s", 3_600),
        Range("3 hours", "3h", "30s", 10_800),
        Range("12 hours", "12h", "2m", 43_200),
        Range("1 day", "1d", "5m", 86_400),
        Range("7 days", "7d", "30m", 604_800),
        Range("30 days", "30d", "2h", 2_592_000),
    )
}


@dataclass(frozen=True, slots=True)
class Question:
    """A choice of what to draw: a metric, an aggregation, dimensions to group by, and values of others."""

    metric: str
    aggregation: str = "avg"
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    ago: str = "15m"

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "Question":
        """The question that an address asks; what it does not say, or says wrongly, is as usual."""
        aggregation, ago = parameters.get("agg", ""), parameters.get("ago", "")
        usual = cls("")
        by = tuple(name for name in _list(parameters.get("by")) if isinstance(name, str))
        pairs = [pair for pair in _list(parameters.get("where")) if isinstance(pair, list) and len(pair) == 2]
        return cls(
            parameters.get("metric", ""),
            aggregation if aggregation in AGGREGATIONS else usual.aggregation,
            by,
            tuple((str(name), str(value)) for name, value in pairs),
            ago if ago in RANGES else usual.ago,
        )

    def parameters(self) -> dict[str, str]:
        """The parameters of an address that asks it."""
        return {
            "metric": self.metric,
            "agg": self.aggregation,
            "ago": self.ago,
            **({"by": json.dumps(self.by)} if self.by else {}),
            **({"where": json.dumps(self.where)} if self.where else {}),
        }


def sql_of(question: Question, store: Store) -> str:
    """The statement that answers a question. Names and values come from clients, so each is quoted."""
    span = RANGES[question.ago]
    groups = [quoted_name(name) for name in question.by]
    columns = [f"{store.bins(span.bin)} AS t", *groups, f"{AGGREGATIONS[question.aggregation]} AS v"]
    conditions = [
        f"metric_name = {quoted_text(question.metric)}",
        store.since(span.ago),
        *(f"{quoted_name(name)} = {quoted_text(value)}" for name, value in question.where),
    ]
    return "\n".join(
        (
            f"SELECT {', '.join(columns)}",
            f"FROM {store.points}",
            f"WHERE {' AND '.join(conditions)}",
            f"GROUP BY {', '.join(map(str, range(1, len(groups) + 2)))}",
            "ORDER BY 1",
        )
    )


def _list(text: str | None) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
