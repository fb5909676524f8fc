"""The aggregator: writes a batch's window aggregates, and starts an evaluation when one is due."""

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import RuleSet, RuleSource
from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.windows.aggregation import BatchAggregates, WindowAggregates, aggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.known_groups import groups_id
from handlers.domain.alerts.windows.watched_rules import WatchedRules
from handlers.domain.alerts.windows.window_items import Windows, WindowsTooLargeError
from handlers.domain.collection import paused_collection
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.reading import BatchReading
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.point import Point, are_distinct, latest


@dataclass(slots=True)
class BatchReport:
    """The outcome of a batch, as it is logged."""

    records: int = 0
    points: int = 0
    judged: int = 0
    too_late: int = 0
    groups: int = 0
    over_cap: dict[str, int] = field(default_factory=dict)
    # Windows of single records that were more than can be written at once.
    windows_left_out: int = 0
    # By the rules' keys: who made more groups than they may have.
    exploded: dict[str, Any] = field(default_factory=dict)
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
    _claimed: set[int] = field(default_factory=set)
    _watched: WatchedRules | None = None

    @paused_collection()
    def process(self, records: Sequence[StreamRecord], reader: RequestReader) -> BatchReport:
        """Writes the batch's aggregates; `TransientError` when that failed, so that the batch comes again."""
        now_s = self.clock()
        rules = self._watch(self.rules.rules())
        points = _points(reader.read(records))

        def aggregated(some: Iterable[Point]) -> BatchAggregates:
            return aggregate(some, rules.index, now_s, self.timing, self.group_cap, self._known)

        found = aggregated(points)
        report = BatchReport(len(records), len(points), found.points, found.too_late)
        report.unreadable_rules = rules.unreadable
        _count(found, rules, report)
        if found.windows:
            batch = BatchRange(records[0].shard, records[0].sequence, records[-1].sequence)

            def windows_of(part: BatchRange) -> WindowAggregates:
                inside = (point for point in points if part.first <= point.record.sequence <= part.last)
                return (found if part == batch else aggregated(inside)).windows

            self._write(batch, windows_of, [record.sequence for record in records], report)
        if rules.rules:
            self._start_due(found, rules, self.clock(), report)
        return report

    def _write(
        self,
        batch: BatchRange,
        windows_of: Callable[[BatchRange], WindowAggregates],
        sequences: Sequence[int],
        report: BatchReport,
    ) -> None:
        """Writes the windows of a batch, or of a part of it all before which is written, in the shard's cuts.

        What cannot be written at once is cut in halves.
        """
        for part in self.windows.cut(batch):
            windows = windows_of(part)
            try:
                report.bytes_written += self.windows.write(windows, part) if windows else 0
            except WindowsTooLargeError:
                inside = [sequence for sequence in sequences if part.first <= sequence <= part.last]
                if len(inside) == 1:
                    self._write_some(windows, part, report)
                    continue
                middle = inside[len(inside) // 2 - 1]
                for first, last in ((part.first, middle), (middle + 1, part.last)):
                    self._write(BatchRange(part.shard, first, last), windows_of, inside, report)

    def _write_some(self, windows: WindowAggregates, part: BatchRange, report: BatchReport) -> None:
        """Writes as many windows of a single record as can be, the newest and smallest first, and counts the others.

        It would keep all that is behind it on its shard from being counted.
        """
        kept = sorted(windows.items(), key=lambda entry: (-entry[0].start_s, len(entry[1].sets)))
        while kept:
            report.windows_left_out += len(kept) - len(kept) // 2
            del kept[len(kept) // 2 :]
            with suppress(WindowsTooLargeError):
                report.bytes_written += self.windows.write(dict(kept), part) if kept else 0
                return

    def _watch(self, known: RuleSet) -> WatchedRules:
        """The rules in force; what is known of their points stays known until one of them changes."""
        if self._watched is None or not self._watched.are_of(known):
            self._watched = WatchedRules(known, self.timing)
        self._watched.index.trim()
        return self._watched

    def _known(self, selection: Selection) -> Set[Group]:
        """The groups that were known at the last full hour, which come first where there are more than the cap."""
        return self.windows.known_groups(groups_id(selection)).groups

    def _start_due(
        self, found: BatchAggregates, rules: WatchedRules, now_s: float, report: BatchReport
    ) -> None:
        """Starts the interval that is over, which waits only for its grace, unless an earlier batch did.

        The present one is started at once if this batch breaches a rule, because there may be no batch after it.
        """
        interval_s = self.timing.interval_s
        present_s = self.timing.interval_of(now_s)
        due = [present_s - interval_s]
        if present_s not in self._claimed and rules.breached(found.windows, present_s + interval_s):
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


def _count(found: BatchAggregates, rules: WatchedRules, report: BatchReport) -> None:
    report.groups = sum(len(sets.sets) for sets in found.windows.values())
    for (selection_id, _), sets in found.windows.items():
        if sets.dropped:
            keys = [rule.key for rule in rules.by_selection[selection_id]]
            report.over_cap.update(dict.fromkeys(keys, sets.dropped))
            if sets.explosion is not None:
                report.exploded.update(dict.fromkeys(keys, sets.explosion.document()))


def _points(reading: BatchReading) -> Sequence[Point]:
    """The points that the writer stores, too: of several versions in one request, the one that counts.

    A request of which no point can be told is quarantined and counted by the writer.
    """
    if are_distinct(reading.points):
        return reading.points
    points, start = list[Point](), 0
    for count in reading.counts:
        points += latest(reading.points[start : start + count])
        start += count
    return points
