"""History as rules ask for it: which metrics, by which dimensions points are told apart, and how exact times are."""

import math
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Selection
from handlers.domain.alerts.rules.statistic import Part
from handlers.domain.timestamp import NS_PER_S


@dataclass(frozen=True, slots=True)
class AskedMetric:
    """One metric: all selections of its points together.

    Times are told in whole units of `unit_ns` since 1970: the step that all periods consist of, or nanoseconds where
    `whole_series`, as counters go from point to point of each series.
    """

    metric_name: str
    selections: Sequence[Selection]
    dimensions: Sequence[str]
    unit_ns: int
    whole_series: bool


@dataclass(frozen=True, slots=True)
class Readings:
    """Points of one metric that are alike in what was asked for: their times, in the metric's units, and values.

    `dimensions` has those that they have of the dimensions that were asked for.
    """

    metric: AskedMetric
    metric_type: str
    dimensions: tuple[tuple[str, str], ...]
    times: Sequence[int]
    values: Sequence[float]


def asked_of(rules: Iterable[Rule], spelled: Collection[str] | None = None) -> list[AskedMetric]:
    """The metrics that these rules ask for, each once, by their names.

    Dimensions that are not `spelled` so are left out, where that is known: no point has them, and a store that folds
    case would read another.
    """
    selections: dict[str, dict[Selection, None]] = {}
    series: set[str] = set()
    for rule in rules:
        for selection, parts in rule.asked.items():
            selections.setdefault(selection.metric_name, {})[selection] = None
            if Part.COUNTERS in parts:
                series.add(selection.metric_name)
    return [
        AskedMetric(
            name,
            tuple(some),
            tuple(sorted(name for name in _dimensions(some) if spelled is None or name in spelled)),
            1 if name in series else math.gcd(*(one.period_s for one in some)) * NS_PER_S,
            name in series,
        )
        for name, some in sorted(selections.items())
    ]


def _dimensions(selections: Iterable[Selection]) -> Set[str]:
    return {name for one in selections for name in (*one.by, *dict(one.match))}
