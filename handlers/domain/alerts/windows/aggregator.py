"""What the aggregator does with a batch: evidence to the windows table, and an evaluation started when one is due."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.ports import RuleSource
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import SelectionIndex
from handlers.domain.alerts.windows.aggregation import Aggregated, GroupedSets, aggregate
from handlers.domain.alerts.windows.window_items import BatchRange
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point, versions_of


class EvidenceSink(Protocol):
    """Where evidence goes, and who evaluates which tick."""

    def write(self, evidence: dict[tuple[str, int], GroupedSets], source: BatchRange) -> int:
        """Writes a batch's evidence, whole or not at all; the bytes it took."""
        ...

    def claim(self, tick: int, now: int) -> bool:
        """True if the tick's evaluation is the caller's from now on."""
        ...

    def give_back(self, tick: int) -> None:
        """Lets somebody else claim the tick."""
        ...


@dataclass(slots=True)
class BatchReport:
    """What a batch came to."""

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
    """Lives as long as the function's process, and remembers which ticks are claimed."""

    rules: RuleSource
    sink: EvidenceSink
    start: Callable[[int], None]
    timing: Timing
    group_cap: int
    clock: Callable[[], float]
    _settled: set[int] = field(default_factory=set)

    def take(self, records: Sequence[StreamRecord], validator: PointValidator) -> BatchReport:
        """Writes the batch's evidence; `TransientError` when that failed, so that the batch comes again."""
        now = self.clock()
        known = self.rules.rules()
        usable = [rule for rule in known.rules if rule.period % self.timing.tick == 0]
        points = list(_points(records, validator))
        index = SelectionIndex.of(rule.selection for rule in usable)
        found = aggregate(points, index, now, self.timing, self.group_cap)
        report = BatchReport(len(records), len(points), found.points, found.too_late)
        report.unreadable_rules = known.unreadable + len(known.rules) - len(usable)
        self._count(found, usable, report)
        if found.evidence:
            source = BatchRange(records[0].shard, records[0].sequence, records[-1].sequence)
            report.bytes_written = self.sink.write(found.evidence, source)
        if usable:
            self._start_due(found, usable, self.clock(), report)
        return report

    def _count(self, found: Aggregated, rules: Iterable[Rule], report: BatchReport) -> None:
        report.groups = sum(len(sets.sets) for sets in found.evidence.values())
        dropped = {name: sets.dropped for (name, _), sets in found.evidence.items() if sets.dropped}
        for rule in rules:
            if rule.selection.selection_id in dropped:
                report.over_cap[rule.key] = dropped[rule.selection.selection_id]

    def _start_due(self, found: Aggregated, rules: Sequence[Rule], now: float, report: BatchReport) -> None:
        """The tick that is over is started by the first batch after it, and waits only for its grace. The present one
        is started at once if this batch breaches a rule, because there may be no batch after it."""
        present = self.timing.tick_of(now)
        due = [present - self.timing.tick]
        if _breaches(found, rules, present + self.timing.tick):
            due.append(present)
        for tick in due:
            if tick not in self._settled:
                self._start(tick, int(now), report)
        self._settled = {tick for tick in self._settled if tick >= present - self.timing.tick}

    def _start(self, tick: int, now: int, report: BatchReport) -> None:
        """Failing here costs only time: the evidence is written, and the sweep evaluates what nobody started."""
        try:
            if self.sink.claim(tick, now):
                try:
                    self.start(tick)
                except TransientError:
                    self.sink.give_back(tick)
                    raise
                report.started.append(tick)
        except TransientError as error:
            report.not_started.append(str(error))
        else:
            self._settled.add(tick)


def _breaches(found: Aggregated, rules: Iterable[Rule], end: int) -> bool:
    """True if some group of a period that ends by then breaches by this batch's evidence alone."""
    for rule in rules:
        name = rule.selection.selection_id
        for (selection, start), grouped in found.evidence.items():
            if selection == name and start + rule.period <= end:
                sets = grouped.sets.values()
                if any(rule.condition.holds(item.value(rule.statistic)) for item in sets):
                    return True
    return False


def _points(records: Iterable[StreamRecord], validator: PointValidator) -> Iterator[Point]:
    """The points that the writer stores, too: of several versions in one request, the one that counts."""
    for record in records:
        with suppress(InvalidBody):  # the writer quarantines it and counts it
            yield from (versions[-1] for versions in versions_of(read_request(record, validator).points))
