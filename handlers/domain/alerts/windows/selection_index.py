"""The selections of all rules by the metric they ask for, and in which groups the series of the stream are.

A series falls into the same groups each time, so that is found once and kept for as long as the rules stay what they
are: a few selections of a stream's points then cost the points that nobody asks for next to nothing.
"""

import math
from collections.abc import Iterable, Mapping, Set

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.rules.statistic import KEPT_ON_DEMAND, Part
from handlers.domain.point import Series

# The places of a metric's selections that ask for a series, each with the group it has there.
Places = tuple[tuple[int, Group], ...]

# Series are kept until they have so many dimensions and places together: some 100 MB if all are as large as may be, a
# tenth of it for usual ones. A stream of ever new series may begin anew with each batch, but holds no more.
KEPT = 200_000


class MetricSelections:
    """The selections of one metric's points, in their places, and the parts that are kept of each one's groups."""

    def __init__(self, asked: Mapping[Selection, Set[Part]]) -> None:
        self.selections = tuple(asked)
        self.parts = tuple(parts & KEPT_ON_DEMAND for parts in asked.values())
        self.ids = tuple(selection.selection_id for selection in self.selections)
        # Every period of any of them consists of steps of so many seconds.
        self.step_s = math.gcd(*(selection.period_s for selection in self.selections))
        self.weight = 0
        # By the identity of a series, which is held for as long.
        self._known: dict[int, tuple[Series, Places]] = {}

    def places_of(self, series: Series) -> Places:
        """The places of the selections that ask for a series, and its groups."""
        known = self._known.get(id(series))
        if known is not None:
            return known[1]
        metric_type, dimensions = series.metric_type, dict(series.dimensions)
        places = tuple(
            [
                (place, group)
                for place, selection in enumerate(self.selections)
                if (group := selection.group_in(metric_type, dimensions)) is not None
            ]
        )
        if self.weight < KEPT:
            self._known[id(series)] = series, places
            self.weight += 1 + len(series.dimensions) + len(places)
        return places

    def forget(self) -> None:
        """Forgets all series."""
        self._known.clear()
        self.weight = 0


class SelectionIndex:
    """The selections of all rules, each of those that are equal once, with the parts that all of them ask for."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        by_metric: dict[str, dict[Selection, Set[Part]]] = {}
        for rule in rules:
            for selection, parts in rule.asked.items():
                some = by_metric.setdefault(selection.metric_name, {})
                some[selection] = some.get(selection, frozenset()) | parts
        self.by_metric: Mapping[str, MetricSelections] = {
            name: MetricSelections(some) for name, some in by_metric.items()
        }

    def trim(self) -> None:
        """Forgets all series if they are too many; between two batches, which hold theirs."""
        if sum(metric.weight for metric in self.by_metric.values()) >= KEPT:
            for metric in self.by_metric.values():
                metric.forget()
