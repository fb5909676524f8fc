"""An alert evaluator that is slow and obvious: it looks at every raw point again whenever it is asked.

It shares no code with what it checks but the reading of a rule. No statistic sets, no windows, no items: for each
interval, for each group ever seen, it lists the periods, computes their values from the raw points, and walks through
the text of the rules for states.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from handlers.domain.alerts.rules.rule import Rule


class RawPoint(NamedTuple):
    """A point as it counts: when it was first written down, when it happened, and what it was."""

    known_at: float
    group: tuple[str | None, ...]
    time: int
    value: float


class Event(NamedTuple):
    """What happened to a group."""

    group: tuple[str | None, ...]
    kind: str
    before: str
    after: str
    at: int
    value: float | None


@dataclass
class _Group:
    state: str = "OK"
    resolved: int = 0
    notified_at: int = 0


@dataclass
class SlowEvaluator:
    """Evaluates one rule, interval after interval, over all the points that are known by then."""

    rule: Rule
    points: Sequence[RawPoint]
    interval: int
    delay: int
    groups: dict[tuple[str | None, ...], _Group] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def evaluate(self, start: int) -> None:
        """Evaluates one interval at the time it is due."""
        end = start + self.interval
        known = [point for point in self.points if point.known_at <= end + self.delay]
        names = {point.group for point in known if point.time < end - end % self.rule.period_s}
        if not self.rule.by and self.rule.missing_data in ("breaching", "missing", "zero"):
            names.add(())
        for name in sorted(names, key=str):
            self._evaluate_group(name, end, [point for point in known if point.group == name])

    def _evaluate_group(self, name: tuple[str | None, ...], end: int, points: list[RawPoint]) -> None:
        group = self.groups.setdefault(name, _Group())
        newest_end = end - end % self.rule.period_s
        periods = self._periods(points, newest_end, everybody=name == ())
        verdicts = [verdict for _, verdict, _ in periods]
        after = self._state(group, periods, verdicts, newest_end)
        kind = "silent"
        if after == group.state:
            overdue = self.rule.renotify_s and end - group.notified_at >= self.rule.renotify_s
            if after not in ("ALARM", "MISSING") or not overdue:
                return
            kind = "reminder"
        elif after in ("ALARM", "MISSING"):
            kind = after.lower()
        elif group.state in ("ALARM", "MISSING") and self.rule.notify_on_resolve:
            kind = "resolved"
        looked_at = [item for item in periods if kind != "alarm" or item[1] == "bad"]
        value = looked_at[-1][2] if looked_at and after != "MISSING" else None
        self.events.append(
            Event(name, kind, group.state, after, end, None if value is None else float(value))
        )
        if group.state in ("ALARM", "MISSING") and after == "OK":
            group.resolved = newest_end
        if kind != "silent":
            group.notified_at = end
        group.state = after

    def _periods(
        self, points: list[RawPoint], newest_end: int, *, everybody: bool
    ) -> list[tuple[int, str, Fraction | None]]:
        period, rule = self.rule.period_s, self.rule
        complete = [point for point in points if point.time < newest_end]
        first = min((point.time // period * period for point in complete), default=newest_end)
        if everybody:
            first = -(-rule.in_force_since_s // period) * period
        found: list[tuple[int, str, Fraction | None]] = []
        for start in range(first, newest_end, period):
            values = [
                Fraction(str(point.value)) for point in complete if start <= point.time < start + period
            ]
            if values:
                value = self._statistic(values)
                found.append((start, self._verdict(value), value))
            elif rule.missing_data == "zero":
                found.append((start, self._verdict(Fraction(0)), Fraction(0)))
            elif rule.missing_data == "breaching":
                found.append((start, "bad", None))
            elif rule.missing_data == "not_breaching":
                found.append((start, "good", None))
            elif rule.missing_data == "missing":
                found.append((start, "gone", None))
        kept = max(rule.datapoints.out_of, rule.recovery.datapoints)
        if rule.missing_data == "ignore":
            oldest = newest_end - max(2 * kept * period, 3600)
            found = [item for item in found if item[0] >= oldest]
        return found[-kept:]

    def _statistic(self, values: list[Fraction]) -> Fraction:
        return {
            "sum": sum(values, Fraction()),
            "avg": sum(values, Fraction()) / len(values),
            "min": min(values),
            "max": max(values),
            "count": Fraction(len(values)),
        }[str(self.rule.statistic)]

    def _verdict(self, value: Fraction) -> str:
        if _compares(value, str(self.rule.condition.operator), self.rule.condition.bounds):
            return "bad"
        if _compares(value, str(self.rule.recovery.condition.operator), self.rule.recovery.condition.bounds):
            return "between"
        return "good"

    def _state(
        self,
        group: _Group,
        periods: list[tuple[int, str, Fraction | None]],
        verdicts: list[str],
        newest_end: int,
    ) -> str:
        needed, out_of = self.rule.datapoints.needed, self.rule.datapoints.out_of
        if not periods:
            return "OK" if group.state == "PENDING" else group.state
        last = verdicts[-out_of:]
        if last.count("bad") >= needed:
            return "ALARM"
        if last.count("gone") >= needed:
            return "MISSING"
        tail = verdicts[-self.rule.recovery.datapoints :]
        full = len(tail) == self.rule.recovery.datapoints
        if group.state == "ALARM":
            return "OK" if full and set(tail) == {"good"} else "ALARM"
        if group.state == "MISSING":
            return "OK" if full and "gone" not in tail else "MISSING"
        doubts = [start for start, verdict, _ in periods[-out_of:] if verdict in ("bad", "gone")]
        if group.state == "OK":
            doubts = [start for start in doubts if start + self.rule.period_s > group.resolved]
        return "PENDING" if doubts else "OK"


def _compares(value: Fraction, operator: str, bounds: tuple[float, ...]) -> bool:
    low, high = Fraction(str(bounds[0])), Fraction(str(bounds[-1]))
    return {
        ">": value > low,
        ">=": value >= low,
        "<": value < low,
        "<=": value <= low,
        "==": value == low,
        "!=": value != low,
        "inside": low <= value <= high,
        "outside": value < low or value > high,
    }[operator]
