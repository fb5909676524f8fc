"""The aggregator: writes a batch's window aggregates, and starts an evaluation when one is due."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSource
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.windows.aggregation import BatchAggregates, aggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.known_groups import groups_id
from handlers.domain.alerts.windows.window_items import Windows
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES, DimensionMapping
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point, versions_of


@dataclass(slots=True)
class BatchReport:
    """The outcome of a batch, as it is logged."""

    records: int = 0
    points: int = 0
    judged: int = 0
    too_late: int = 0
    groups: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    bytes_written: int = 0
    unreadable_rules: int = 0
    started: list[int] = field(default_factory=list)
    not_started: list[str] = field(default_factory=list)


@dataclass
class Aggregator:
    """Aggregates batches; lives as long as the function's process, and remembers which intervals are claimed."""

    rules: RuleSource
    windows: Windows
    start: Callable[[int], None]
    timing: Timing
    group_cap: int
    clock: Callable[[], float]
    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES
    _claimed: set[int] = field(default_factory=set)

    def process(self, records: Sequence[StreamRecord], validator: PointValidator) -> BatchReport:
        """Writes the batch's aggregates; `TransientError` when that failed, so that the batch comes again."""
        now_s = self.clock()
        known = self.rules.rules()
        usable = [rule for rule in known.rules if rule.period_s % self.timing.interval_s == 0]
        points = list(_points(records, validator, DimensionMapping(self.otlp_attributes)))
        selections = [rule.selection for rule in usable]

        def aggregated(some: Iterable[Point]) -> BatchAggregates:
            return aggregate(some, selections, now_s, self.timing, self.group_cap, self._known)

        found = aggregated(points)
        report = BatchReport(len(records), len(points), found.points, found.too_late)
        report.unreadable_rules = known.unreadable + len(known.rules) - len(usable)
        self._count(found, usable, report)
        if found.windows:
            batch = BatchRange(records[0].shard, records[0].sequence, records[-1].sequence)
            for part in self.windows.cut(batch):
                inside = (point for point in points if part.first <= point.record.sequence <= part.last)
                windows = (found if part == batch else aggregated(inside)).windows
                if windows:
                    report.bytes_written += self.windows.write(windows, part)
        if usable:
            self._start_due(found, usable, self.clock(), report)
        return report

    def _known(self, selection: Selection) -> Set[Group]:
        """The groups that were known at the last full hour, which come first where there are more than the cap."""
        return self.windows.known_groups(groups_id(selection)).groups

    def _count(self, found: BatchAggregates, rules: Iterable[Rule], report: BatchReport) -> None:
        report.groups = sum(len(sets.sets) for sets in found.windows.values())
        dropped = {name: sets.dropped for (name, _), sets in found.windows.items() if sets.dropped}
        for rule in rules:
            if rule.selection.selection_id in dropped:
                report.over_cap[rule.key] = dropped[rule.selection.selection_id]

    def _start_due(
        self, found: BatchAggregates, rules: Sequence[Rule], now_s: float, report: BatchReport
    ) -> None:
        """Starts the interval that is over, which waits only for its grace, unless an earlier batch did.

        The present one is started at once if this batch breaches a rule, because there may be no batch after it.
        """
        interval_s = self.timing.interval_s
        present_s = self.timing.interval_of(now_s)
        due = [present_s - interval_s]
        if _breaches(found, rules, present_s + interval_s):
            due.append(present_s)
        for start_s in due:
            if start_s not in self._claimed:
                self._start(start_s, now_s, report)
        self._claimed = {start_s for start_s in self._claimed if start_s >= present_s - interval_s}

    def _start(self, interval_start_s: int, now_s: float, report: BatchReport) -> None:
        """Failing here costs only time: the aggregates are written, and the sweep evaluates what was not started."""
        try:
            if self.windows.claim(interval_start_s, now_s):
                try:
                    self.start(interval_start_s)
                except TransientError:
                    self.windows.give_back(interval_start_s)
                    raise
                report.started.append(interval_start_s)
        except TransientError as error:
            report.not_started.append(str(error))
        else:
            self._claimed.add(interval_start_s)


def _breaches(found: BatchAggregates, rules: Iterable[Rule], end_s: int) -> bool:
    """True if some group of a window that ends by then breaches by this batch's points alone."""
    for rule in rules:
        selection_id = rule.selection.selection_id
        for window, aggregated in found.windows.items():
            if window.selection_id == selection_id and window.start_s + rule.period_s <= end_s:
                sets = aggregated.sets.values()
                if any(rule.condition.holds(item.value(rule.statistic)) for item in sets):
                    return True
    return False


def _points(
    records: Iterable[StreamRecord], validator: PointValidator, mapping: DimensionMapping
) -> Iterator[Point]:
    """The points that the writer stores, too: of several versions in one request, the one that counts."""
    for record in records:
        with suppress(InvalidBody):  # the writer quarantines it and counts it
            points = read_request(record, validator, mapping).points
            yield from (versions[-1] for versions in versions_of(points))
