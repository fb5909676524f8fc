"""Alert rules: which points they watch, and when they fire. `reading` makes them of files and items."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Protocol

from handlers.domain.alerts.rules.ratio import Ratio, Side
from handlers.domain.alerts.rules.selection import Selection
from handlers.domain.alerts.rules.statistic import Part, Statistic
from handlers.vocabulary import Severity


class Operator(StrEnum):
    """A comparison of a value with one bound, or with the two bounds of a range."""

    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="
    OUTSIDE = "outside"
    INSIDE = "inside"

    @property
    def is_range(self) -> bool:
        """True if the operator compares with two bounds."""
        return self in {Operator.OUTSIDE, Operator.INSIDE}


class MissingData(StrEnum):
    """The policy for a period without a point; `state.verdicts` has what each means."""

    BREACHING = "breaching"
    NOT_BREACHING = "not_breaching"
    IGNORE = "ignore"
    MISSING = "missing"
    # Counts and sums of no points are 0: only their rules may say so, and say so by default.
    ZERO = "zero"


# Without slots: its text is in every reason.
@dataclass(frozen=True)
class Condition:
    """A comparison with one bound or two, exact: bounds count as the decimal numbers that people wrote."""

    operator: Operator
    bounds: tuple[float, ...]

    def holds(self, value: Fraction) -> bool:
        """True if `value` compares as the condition says; a range includes its bounds."""
        low, *rest = (exact_fraction(bound) for bound in self.bounds)
        match self.operator:
            case Operator.GREATER:
                return value > low
            case Operator.GREATER_EQUAL:
                return value >= low
            case Operator.LESS:
                return value < low
            case Operator.LESS_EQUAL:
                return value <= low
            case Operator.EQUAL:
                return value == low
            case Operator.NOT_EQUAL:
                return value != low
            case Operator.INSIDE:
                return low <= value <= rest[0]
            case Operator.OUTSIDE:
                return not low <= value <= rest[0]

    def holds_near(self, nearest: float) -> bool | None:
        """The answer of `holds` for a value by the double that is nearest to it; None where only the value can tell.

        A bound is the double that is nearest to the number that people wrote, and rounding keeps the order of numbers.
        """
        return None if nearest in self.bounds else self.may_hold(nearest, nearest)

    def may_hold(self, low: float, high: float) -> bool:
        """True if it holds for some value from `low` to `high`; doubles compare as the decimals they are written as."""
        least, greatest = self.bounds[0], self.bounds[-1]
        match self.operator:
            case Operator.GREATER:
                return high > least
            case Operator.GREATER_EQUAL:
                return high >= least
            case Operator.LESS:
                return low < least
            case Operator.LESS_EQUAL:
                return low <= least
            case Operator.EQUAL | Operator.INSIDE:
                return low <= greatest and high >= least
            case Operator.NOT_EQUAL | Operator.OUTSIDE:
                return low < least or high > greatest

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        shown = " to ".join(number_text(bound) for bound in self.bounds)
        return f"{self.operator} {shown}"


@dataclass(frozen=True, slots=True)
class DatapointsToAlarm:
    """M of N: how many of the last `out_of` datapoints must breach."""

    needed: int
    out_of: int

    def __str__(self) -> str:
        return f"{self.needed} of {self.out_of}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """The end of a firing alert: this many datapoints in a row that do not meet this condition."""

    condition: Condition
    datapoints: int


# Without slots: what follows from its fields is asked for with every datapoint, and kept.
@dataclass(frozen=True)
class Rule:
    """An alert rule: which points it watches, in which groups, and what must happen to them for it to notify."""

    rule_id: str
    metric_name: str
    metric_type: str
    match: tuple[tuple[str, tuple[str, ...]], ...]
    by: tuple[str, ...]
    statistic: Statistic
    condition: Condition
    period_s: int
    datapoints: DatapointsToAlarm
    missing_data: MissingData
    recovery: Recovery
    severity: Severity
    renotify_s: int
    notify_on_resolve: bool
    # A group without points for so long is forgotten; the one group of a rule without `by` never is.
    forget_after_s: int
    annotation: str
    runbook: str
    in_force_since_s: int = 0
    # Points of periods that began before make no group known. Earlier than `in_force_since_s` where a change of the
    # condition left the groups what they were.
    groups_since_s: int = 0
    # With a ratio, name, type and match are those of its numerator.
    ratio: Ratio | None = None
    # The id of a rule that mutes the alerts of this one while it fires of the same thing.
    unless: str = ""
    # An alert is not over before so many seconds have passed since the last period that breached or was missing.
    hold_s: int = 0
    # The most messages in an hour besides resolves; what is more is summed up. 0: no cap.
    messages_per_hour: int = 0

    def __hash__(self) -> int:
        # Equal rules have equal keys; all of the fields would take long.
        return hash(self.key)

    @cached_property
    def key(self) -> str:
        """The name of the rule among all rules of the deployment. A rule id holds no slash, so this splits again."""
        return f"{self.rule_id}/{self.metric_name}"

    @cached_property
    def selection(self) -> Selection:
        """The points whose groups are the rule's, a ratio's denominator; rules that ask for the same share windows."""
        return self._selection_of(self if self.ratio is None else self.ratio.denominator)

    @cached_property
    def numerator(self) -> Selection | None:
        """The points of a ratio's numerator."""
        return None if self.ratio is None else self._selection_of(self.ratio.numerator)

    @cached_property
    def asked(self) -> Mapping[Selection, Set[Part]]:
        """The parts that the rule asks for of each of its selections."""
        parts = self.statistics[0].parts
        if self.numerator is None:
            return {self.selection: parts}
        above = self.statistics[1].parts
        if self.numerator == self.selection:
            return {self.selection: parts | above}
        return {self.selection: parts, self.numerator: above}

    @cached_property
    def statistics(self) -> Sequence[Statistic]:
        """The statistics of its points that it needs: that of the selection, and then that of the numerator."""
        if self.ratio is None:
            return (self.statistic,)
        return self.ratio.denominator.statistic, self.ratio.numerator.statistic

    @cached_property
    def measured(self) -> str:
        """The statistic and its points, for people."""
        return f"{self.statistic} of {self.metric_name}" if self.ratio is None else str(self.ratio)

    @property
    def sides(self) -> Sequence[Side]:
        """The points that it asks for: of a ratio those of the numerator and of the denominator."""
        if self.ratio is None:
            return (Side(self.metric_name, self.metric_type, self.match, self.statistic),)
        return self.ratio.numerator, self.ratio.denominator

    def _selection_of(self, points: "Rule | Side") -> Selection:
        return Selection(points.metric_name, points.metric_type, points.match, self.by, self.period_s)

    @cached_property
    def datapoints_kept(self) -> int:
        """The number of datapoints that an open alert must remember."""
        return max(self.datapoints.out_of, self.recovery.datapoints)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force, and how many items of the table are none."""

    rules: Sequence[Rule]
    unreadable: int = 0


class RuleSource(Protocol):
    """The rules table. Both methods raise `TransientError` when it cannot be read and nothing young enough is known."""

    def rules(self) -> RuleSet:
        """The rules, at most half a minute old."""

    def fresh(self) -> RuleSet:
        """The rules as they are now."""


@lru_cache(maxsize=1_024)
def exact_fraction(number: float) -> Fraction:
    """The decimal number that a double is written as: 0.1 is one tenth. Bounds of rules are asked for all the time."""
    return Fraction(repr(number))


def number_text(number: float) -> str:
    """A number as people write it: no `.0`, no more digits than it has."""
    number = float(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
