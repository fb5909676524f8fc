"""A reference alert evaluator, written from docs/alerts.md and alerts/README.md alone: slow, and obvious.

It shares no line with what it checks: no statistic sets, no windows, no items, no items' versions. It keeps every raw
point, gives a datapoint by listing the points of its period, and looks its tables up as the document prints them.

A `ReferenceRule` is told what happened, in the order of the clock: points that were written, changes of its rule,
evaluations, and what became of a message. It answers with the transitions and the message that may leave.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

Group = tuple[str | None, ...]
FIRING = ("ALARM", "MISSING")

CATCH_UP_S = 3 * 3_600
CLAIM_S = 330
LOOK_BACK_S = 3_600
# What was written so long before an interval was ready may count with the next one.
UNSEEN_S = 5


class RawPoint(NamedTuple):
    """A point as it counts: the time at which its windows were written, and what it was."""

    written_at_s: float
    time: float
    value: float
    metric_name: str
    metric_type: str
    dimensions: Mapping[str, str]

    def __deepcopy__(self, _: object) -> "RawPoint":
        """The point itself, which does not change."""
        return self


@dataclass(frozen=True)
class Clockwork:
    """The settings of a deployment that the document speaks of, in seconds."""

    tick_s: int = 60
    grace_s: int = 10
    lateness_s: int = 3_600

    def ready(self, end_s: int) -> int:
        """The time at which the interval that ends then is ready."""
        return end_s + self.grace_s + 1


class Text:
    """A rule as its document says it, with the README's defaults."""

    def __init__(self, document: Mapping[str, Any], in_force_s: int) -> None:
        self.document = dict(document)
        self.rule_id = str(document["rule_id"])
        # Of a ratio: the numerator's points, and the denominator's, whose groups are the rule's.
        self.above: Mapping[str, Any] | None = document.get("numerator")
        self.below: Mapping[str, Any] = document.get("denominator", document)
        self.metric_name = (self.above or document)["metric_name"]
        self.metric_type = (self.above or document).get("metric_type", "any")
        self.match = (self.above or document).get("match", {})
        self.by = tuple(document.get("by", []))
        self.statistic = document.get("statistic", "ratio")
        self.operator = document["operator"]
        self.threshold = document["threshold"]
        self.period = document.get("period", 60)
        datapoints = document.get("datapoints", 1)
        needed, _, out_of = str(datapoints).partition(" of ")
        self.m, self.n = int(needed), int(out_of or needed)
        silence = "zero" if self.statistic in {"count", "sum"} else "ignore"
        self.missing_data = document.get("missing_data", silence)
        recovery = document.get("recovery", {})
        self.recovery_threshold = recovery.get("threshold", self.threshold)
        self.r = recovery.get("datapoints", 1)
        self.renotify = document.get("renotify", 0)
        self.tells_resolve = document.get("notify_on_resolve", True)
        self.forget_after = document.get("forget_after", 86_400)
        self.severity = document.get("severity", "medium")
        self.unless = document.get("unless", "")
        self.hold = document.get("hold", 0)
        self.cap = document.get("messages_per_hour", 0)
        self.annotation = document.get("annotation", "")
        self.in_force_s = in_force_s

    @property
    def condition(self) -> object:
        """Everything but the words."""
        words = {
            "severity",
            "annotation",
            "runbook",
            "renotify",
            "notify_on_resolve",
            "forget_after",
            "unless",
            "hold",
            "messages_per_hour",
        }
        return {name: value for name, value in self.document.items() if name not in words}

    @property
    def selection(self) -> object:
        """That of which the groups are the groups."""
        below = self.below
        return below["metric_name"], below.get("metric_type", "any"), below.get("match", {}), self.by

    def group_of(self, point: RawPoint, side: Mapping[str, Any] | None = None) -> Group | None:
        """The group that a point belongs to; none if the rule does not look at it."""
        side = side or self.below
        if point.metric_name != side["metric_name"]:
            return None
        if side.get("metric_type", "any") not in {"any", point.metric_type}:
            return None
        for name, wanted in side.get("match", {}).items():
            if point.dimensions.get(name) not in ([wanted] if isinstance(wanted, str) else wanted):
                return None
        return tuple(point.dimensions.get(name) for name in self.by)

    @property
    def look_back(self) -> int:
        """With `ignore`, the seconds before the end of the newest period in which those that count have begun."""
        return max(2 * max(self.n, self.r) * self.period, LOOK_BACK_S)

    def start_of(self, time: float) -> int:
        """The start of the period that holds a time; periods count from midnight UTC."""
        return int(time // self.period) * self.period

    def first_after(self, time_s: int) -> int:
        """The start of the first period that begins then or later."""
        return -(-time_s // self.period) * self.period

    def verdict(self, value: Fraction) -> str:
        """The verdict of a datapoint by its value."""
        if _holds(value, self.operator, self.threshold):
            return "breaching"
        if _holds(value, self.operator, self.recovery_threshold):
            return "between"
        return "recovered"

    def without_data(self) -> tuple[str, Fraction | None] | None:
        """The verdict of a period without data, and its value; None where the period is passed over."""
        if self.missing_data == "ignore":
            return None
        if self.missing_data == "zero":
            return self.verdict(Fraction(0)), Fraction(0)
        return {"not_breaching": "recovered", "breaching": "breaching", "missing": "missing"}[
            self.missing_data
        ], None

    @property
    def silence_is_healthy(self) -> bool:
        """True if a period without data has a datapoint that casts no doubt: all groups have it, known or not."""
        silence = self.without_data()
        return silence is not None and silence[0] in {"recovered", "between"}

    def ratio(self, below: Fraction | None, above: Fraction | None) -> Fraction | None:
        """The numerator by the denominator, if that is enough; no numerator is none of it."""
        if below is None or below < Fraction(repr(float(self.below.get("at_least", 1)))):
            return None
        return (above or Fraction()) / below

    def value(
        self, points: Sequence[RawPoint], before: Sequence[RawPoint], statistic: str = ""
    ) -> Fraction | None:
        """The statistic of a period's points, of which there is one; counters go on from those of the period before."""
        values = [Fraction(repr(point.value)) for point in points]
        match statistic or self.statistic:
            case "increase" | "rate":
                grown = [growth(found, before) for found in by_series(points).values()]
                known = [one for one in grown if one is not None]
                seconds = self.period if self.statistic == "rate" else 1
                return sum(known, Fraction()) / seconds if known else None
            case "count":
                return Fraction(len(values))
            case "sum":
                return sum(values, Fraction())
            case "avg":
                return sum(values, Fraction()) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "stddev":
                mean = sum(values, Fraction()) / len(values)
                return _root(sum(((value - mean) ** 2 for value in values), Fraction()) / len(values))
            case percentile:
                # The exact one: the document gives it within two percent.
                rank = math.ceil(len(values) * Fraction(percentile[1:]) / 100)
                return sorted(values)[rank - 1]


class Datapoint(NamedTuple):
    """One period of one group: its verdict and value."""

    start_s: int
    verdict: str
    value: Fraction | None

    @property
    def is_unhealthy(self) -> bool:
        """True if it breaches or is missing."""
        return self.verdict in {"breaching", "missing"}


class Transition(NamedTuple):
    """A change of an alert's state, or a reminder of it."""

    kind: str
    previous: str
    state: str
    at_s: int
    since_s: int
    value: Fraction | None
    period_start_s: int | None
    late: bool
    cause: str = ""
    # The state that receivers know, if it was another one.
    told_from: str | None = None
    # The end of the last interval that was evaluated before it ended, whenever that was.
    after_s: int | None = None

    def is_later_than(self, end_s: int) -> bool:
        """True if the interval that ended then was evaluated before it."""
        return self.at_s > end_s if self.after_s is None else self.after_s >= end_s


@dataclass
class Message:
    """A notification: what it tells of, in which words, and how many changes of state it stands for besides its own."""

    told: Transition
    words: Text
    untold: int = 0
    # So many more were taken back while they were claimed: SNS may have taken them, or not.
    perhaps: int = 0


# The protocol, as the document prints it: state and finding give the next state and what is notified.
PROTOCOL = {
    "OK": {
        "nothing known": "OK",
        "breach": "ALARM, alarm",
        "missing": "MISSING, missing",
        "unsettled": "PENDING, silent",
        "clear": "OK",
        "ended": "OK",
    },
    "PENDING": {
        "nothing known": "OK, silent",
        "breach": "ALARM, alarm",
        "missing": "MISSING, missing",
        "unsettled": "PENDING",
        "clear": "OK, silent",
        "ended": "OK, silent",
    },
    "ALARM": {
        "nothing known": "ALARM, reminder",
        "breach": "ALARM, reminder",
        "missing": "MISSING, missing",
        "unsettled": "ALARM, reminder",
        "clear": "OK, resolved",
        "ended": "OK, resolved",
    },
    "MISSING": {
        "nothing known": "MISSING, reminder",
        "breach": "ALARM, alarm",
        "missing": "MISSING, reminder",
        "unsettled": "MISSING, reminder",
        "clear": "OK, resolved",
        "ended": "OK, resolved",
    },
}


@dataclass
class Alert:
    """A group of a rule, and the alert about it."""

    group: Group
    cursor: int
    judged_from: int
    # The intervals that were left out: after the end of one, up to the end of another.
    skipped: list[tuple[int, int]] = field(default_factory=list)
    # The first period of which the group is known; None while it is not.
    known_from: int | None = None
    # The first period of which it may be known or not.
    maybe_from: int | None = None
    # Points of periods that began before make nobody known: the rule did not look at this group then.
    groups_from: int = 0
    # The same without the points that came late.
    sure_from: int | None = None
    # The periods whose own points make it known, by which it is known from then on and not before.
    born: int | None = None
    surely_born: int | None = None
    heard: int | None = None
    state: str = "OK"
    since_s: int = 0
    resolved_at_s: int = 0
    notified_at_s: int = 0
    # Why the alert has ended although nobody has said so yet, and the rule it was of.
    ending: tuple[str, Text] | None = None
    # The rule as it was when the alert was last evaluated: it ends in these words.
    words: Text | None = None
    pending: list[RawPoint] = field(default_factory=list)
    periods: dict[int, list[RawPoint]] = field(default_factory=dict)
    datapoints: dict[int, Datapoint] = field(default_factory=dict)
    # The last datapoints as they were looked at last, and the last unhealthy one that was looked at while it fired and
    # is none of them any more.
    seen: list[Datapoint] = field(default_factory=list)
    unhealthy_s: int = 0
    transitions: list[Transition] = field(default_factory=list)
    # The message on its way, since when it is claimed, and what waits behind it.
    on_its_way: Message | None = None
    claimed_at_s: float | None = None
    waiting: Message | None = None
    # It is not true any more, but may be on its way.
    is_taken_back: bool = False
    perhaps: int = 0
    # While something is held back: the state that receivers were told last.
    told: str | None = None
    # Somebody knows of it: no reminders until it is over.
    is_acknowledged: bool = False
    # It is the rule's cap on messages that holds it back; and the ends of the intervals with which it told something
    # that counts, and with which something was held back.
    is_capped: bool = False
    told_at: list[int] = field(default_factory=list)
    held_at: list[int] = field(default_factory=list)

    def see(self, last: list[Datapoint]) -> None:
        """The last datapoints as they are looked at now; a firing alert is held by those before them, as they were."""
        starts = {item.start_s for item in last}
        left = [item.start_s for item in self.seen if item.start_s not in starts and item.is_unhealthy]
        self.unhealthy_s = max([self.unhealthy_s, *left]) if self.state in FIRING else 0
        self.seen = last

    def state_at(self, end_s: int) -> str:
        """The state with the interval that ended then."""
        later = [made for made in self.transitions if made.is_later_than(end_s)]
        return later[0].previous if later else self.state

    def due(self, now_s: float, *, handed_out: bool = False) -> Message | None:
        """The message that may be claimed now; while the alert is muted, only if it was `handed_out` before."""
        self._settle(now_s)
        if self.told is not None and not handed_out:
            return None
        if self.on_its_way is not None and self.perhaps:
            self.on_its_way.perhaps += self.perhaps
            self.perhaps = 0
        return self.on_its_way if self.is_free(now_s) else None

    def is_free(self, now_s: float) -> bool:
        """True if nobody can be publishing: there is nothing, no claim, or it is void; in whole seconds."""
        if self.on_its_way is None or self.claimed_at_s is None:
            return True
        return int(now_s) - int(self.claimed_at_s) > CLAIM_S

    def claim(self, now_s: float) -> None:
        """An execution has claimed what was due."""
        self.claimed_at_s = now_s

    def confirm(self) -> None:
        """SNS has taken it, and that is written down."""
        self.on_its_way, self.claimed_at_s, self.is_taken_back = None, None, False

    def release(self) -> None:
        """SNS has definitely not taken it."""
        self.claimed_at_s = None

    def tell(self, message: Message, now_s: float) -> None:
        """A message is to be sent: it takes the place of what waits, but for a reminder, which waits for nothing."""
        self._settle(now_s)
        if message.told.kind == "reminder" and not (
            self.on_its_way is None or (self.is_free(now_s) and self.on_its_way.told.kind == "reminder")
        ):
            return
        if self.is_free(now_s):
            self.on_its_way, self.claimed_at_s = _instead_of(self.on_its_way, message), None
        else:
            self.waiting = _instead_of(self.waiting, message)

    def take_back(self, now_s: float) -> None:
        """A change that is not told: that the alert fires, where it was not sent yet, is not true any more."""
        self._settle(now_s)
        if self.waiting is not None and self.waiting.told.state in FIRING:
            self.waiting = None
        if self.on_its_way is None or self.on_its_way.told.state not in FIRING:
            return
        if self.is_free(now_s):
            self.on_its_way, self.claimed_at_s = None, None
        else:
            self.is_taken_back = True

    @property
    def is_told(self) -> bool:
        """True if nothing is on its way and nothing waits."""
        return self.on_its_way is None and self.waiting is None

    def _settle(self, now_s: float) -> None:
        """Let what waits come forward when it may; what was taken back while it was claimed goes."""
        if self.is_taken_back and self.is_free(now_s):
            if self.on_its_way is not None:
                self.perhaps = self.on_its_way.untold + self.on_its_way.perhaps + 1
            self.on_its_way, self.claimed_at_s, self.is_taken_back = None, None, False
        if self.waiting is not None and self.is_free(now_s):
            self.on_its_way, self.claimed_at_s = _instead_of(self.on_its_way, self.waiting), None
            self.waiting = None


def _instead_of(old: Message | None, new: Message) -> Message:
    """The newer message, which stands for the older one as well if that tells of a change of state."""
    if old is not None and old.told.kind != "reminder":
        return Message(new.told, new.words, new.untold + old.untold + 1, new.perhaps + old.perhaps)
    return new


class ReferenceRule:
    """One rule, from its first version to its last, over all the points that were ever written."""

    def __init__(self, clockwork: Clockwork, cursor: int) -> None:
        self.clockwork = clockwork
        self.rule: Text | None = None
        self.points: list[RawPoint] = []
        self.alerts: dict[Group, Alert] = {}
        # The end of the last interval that was evaluated for all groups, and those that never were.
        self.cursor = cursor
        self.skipped: list[tuple[int, int]] = []
        # Since when the rule looks at these groups.
        self.groups_from = 0
        # True for a rule, a group and an end of an interval if the alert is muted then.
        self.is_muted: Callable[[Text, Group, int], bool] = _never
        # The order of groups in which the messages of an interval are told while there is room.
        self.rank: Callable[[Group], Any] = str
        # True for a group and the end of an interval if there was room in the hour for what it had to tell.
        self.room: dict[tuple[Group, int], bool] = {}
        # Up to where, since when and of how many points that is known, as long as the same silences hold.
        self.room_seen = (0, 0, 0)

    def write(self, points: Iterable[RawPoint]) -> None:
        """Points whose windows are written for the first time."""
        for point in points:
            self.points.append(point)
            self._take(point)

    def apply(self, rule: Text, at_s: float) -> None:
        """A new rule, other words, or another condition; the text carries the time from which it is in force."""
        old, self.rule = self.rule, rule
        if old is not None and old.condition == rule.condition:
            rule.in_force_s = old.in_force_s
            return
        stays = old is not None and old.selection == rule.selection
        if not stays:
            self.groups_from = rule.in_force_s
        for alert in self.alerts.values():
            was_known = stays and alert.known_from is not None and alert.state != "OK"
            # After two changes in a row the one between them may have ended the alert, or not.
            was_known = was_known and alert.ending is None
            if old is not None:
                alert.ending = alert.ending or ("changed", alert.words or old)
            alert.judged_from = rule.in_force_s
            if not stays:
                self._begin_anew(alert, rule.in_force_s)
            alert.known_from = alert.sure_from = rule.first_after(rule.in_force_s) if was_known else None
            points = [point for found in alert.periods.values() for point in found] + alert.pending
            # Periods may be others now: what was heard is reckoned from the points.
            alert.periods, alert.pending, alert.heard = {}, points if stays else [], None
        if not rule.by:
            alone = self._alert(())
            alone.known_from = alone.sure_from = rule.first_after(rule.in_force_s)

    def delete(self, at_s: float) -> None:
        """The rule is gone."""
        for alert in self.alerts.values():
            assert self.rule is not None
            alert.ending = alert.ending or ("deleted", alert.words or self.rule)
        self.rule = None

    def close(self, group: Group, now_s: float) -> list[Transition]:
        """Somebody closed an alert, or forgot a group that has none: it begins anew."""
        alert = self.alerts[group]
        (_, rule), alert.ending = alert.ending or ("", alert.words or self.rule), None
        assert rule is not None
        found = self._end(alert, rule, int(now_s), "closed", now_s)
        alert.judged_from = max(alert.judged_from, math.ceil(now_s))
        if group:
            self._begin_anew(alert, math.ceil(now_s))
        return found

    def end_alert(self, alert: Alert, now_s: float, at_s: int | None = None) -> list[Transition]:
        """Ends an alert whose rule was changed or deleted, if that was not done yet; now, or with an interval."""
        if alert.ending is None:
            return []
        (cause, rule), alert.ending = alert.ending, None
        return self._end(alert, rule, int(now_s) if at_s is None else at_s, cause, now_s)

    def evaluate(
        self, up_to_s: int, now_s: float, skip_to_s: int = 0, only: Collection[Group] | None = None
    ) -> list[tuple[Group, Transition]]:
        """An execution has come to the interval that ends then: all that is not evaluated yet, in order.

        What lies before `skip_to_s` is not evaluated any more. With `only`, it has come so far with these groups.
        """
        found: list[tuple[Group, Transition]] = []
        tick_s = self.clockwork.tick_s
        if only is None and self.cursor < skip_to_s:
            self.skipped.append((self.cursor, skip_to_s))
            self.cursor = skip_to_s
        alerts = [self.alerts[group] for group in self._groups(up_to_s, now_s, skip_to_s, only)]
        for alert in alerts:
            if alert.cursor < skip_to_s:
                alert.skipped.append((alert.cursor, skip_to_s))
                alert.cursor = skip_to_s
                if self.rule is not None and alert.known_from is not None and alert.sure_from is None:
                    # It stays known, whether by late points or by others.
                    alert.sure_from = self.rule.start_of(skip_to_s)
        if self.rule is None:
            alerts, self.cursor = [], max(self.cursor, up_to_s)
        first_s = min((alert.cursor for alert in alerts), default=up_to_s) + tick_s
        for end_s in range(first_s, up_to_s + 1, tick_s):
            for alert in alerts:
                if alert.cursor < end_s and self.rule is not None:
                    made = self.end_alert(alert, now_s, end_s) + self._interval(
                        alert, self.rule, end_s, now_s
                    )
                    found += [(alert.group, transition) for transition in made]
                    alert.cursor, alert.words = end_s, self.rule
        if only is None:
            self.cursor = max(self.cursor, up_to_s)
        return found

    def firing(self, end_s: int, now_s: float, skip_to_s: int, known: Collection[Group] = ()) -> list[Group]:
        """The groups that fire with the interval that ends then, whether it is evaluated yet or not.

        Those `known`, which may be known or not, are.
        """
        ahead = self._seen_ahead(end_s, now_s, skip_to_s)
        if known and ahead is not self:
            sure = deepcopy(self)
            for group in known:
                sure.alerts[group].maybe_from = ahead.alerts[group].maybe_from
                sure.take_as_known(sure.alerts[group], in_time=True)
            ahead = sure._seen_ahead(end_s, now_s, skip_to_s)
        return [group for group, alert in ahead.alerts.items() if alert.state_at(end_s) in FIRING]

    def unsure(self, end_s: int, now_s: float, skip_to_s: int) -> list[Group]:
        """The groups of which the document does not say whether they are known up to an interval."""
        unknown = [group for group in self.alerts if self.may_be_known(group)]
        ahead = self._seen_ahead(end_s, now_s, skip_to_s)
        return [group for group in unknown if ahead.alerts[group].maybe_from is not None]

    def _seen_ahead(self, end_s: int, now_s: float, skip_to_s: int) -> "ReferenceRule":
        """The rule as it is with an interval, but for what is muted, on which states do not depend."""
        if all(alert.cursor >= end_s for alert in self.alerts.values()):
            return self
        ahead = deepcopy(self)
        ahead.is_muted = _never
        ahead.evaluate(end_s, now_s, skip_to_s)
        return ahead

    def _groups(
        self, up_to_s: int, now_s: float, skip_to_s: int, only: Collection[Group] | None
    ) -> Collection[Group]:
        """The groups to evaluate; of a rule with a cap it is known then what the hours have room for."""
        if only is None:
            return sorted(self.alerts, key=self.rank)
        if self.rule is not None and self.rule.cap:
            seen = up_to_s, skip_to_s, len(self.points)
            if seen != self.room_seen:
                self.room |= self.ahead(up_to_s, now_s, skip_to_s).room
                self.room_seen = seen
        return only

    def ahead(self, end_s: int, now_s: float, skip_to_s: int) -> "ReferenceRule":
        """The rule as it will be when the interval that ends then is evaluated for all groups."""
        ahead = deepcopy(self)
        ahead.evaluate(end_s, now_s, skip_to_s)
        return ahead

    def summary(self, end_s: int) -> tuple[int, int]:
        """What the hour's summary says: how many alarms were held back in it, and how many of all such fire."""
        held = sum(_is_in_hour(at_s, end_s) for alert in self.alerts.values() for at_s in alert.held_at)
        return held, sum(alert.is_capped and alert.state in FIRING for alert in self.alerts.values())

    def _within_cap(self, alert: Alert, rule: Text, state: str, end_s: int, *, overdue: bool) -> bool:
        """Holds an alert back whose message the hour has no room for; true if a reminder is to be sent."""
        alert.is_capped = alert.is_capped and bool(rule.cap) and state in FIRING
        if not rule.cap or state not in FIRING or alert.is_capped:
            return overdue
        asks = _counted_kind(alert, state, overdue=overdue)
        if asks and self._has_room(alert, rule, asks, end_s):
            alert.told_at.append(end_s)
        elif asks == "reminder" and alert.told is None:
            return False
        elif asks:
            alert.is_capped = True
            alert.held_at.append(end_s)
        return overdue

    def _has_room(self, alert: Alert, rule: Text, kind: str, end_s: int) -> bool:
        """True if a message of the kind may be told in the interval's hour."""
        told = sum(_is_in_hour(at_s, end_s) for one in self.alerts.values() for at_s in one.told_at)
        has_room = told < (rule.cap // 2 if kind == "reminder" else rule.cap)
        return self.room.setdefault((alert.group, end_s), has_room)

    def _alert(self, group: Group) -> Alert:
        if group not in self.alerts:
            assert self.rule is not None
            self.alerts[group] = Alert(group, self.cursor, self.rule.in_force_s, skipped=list(self.skipped))
            self.alerts[group].groups_from = self.groups_from
        return self.alerts[group]

    def _take(self, point: RawPoint) -> None:
        group = None if self.rule is None else self.rule.group_of(point)
        if group is not None:
            self._alert(group).pending.append(point)

    def may_be_known(self, group: Group) -> bool:
        """True for a group that is not known, but may be: it has not spoken since its rule's condition was changed."""
        self.alerts[group].maybe_from = None
        return self.alerts[group].known_from is None

    def take_as_known(self, alert: Alert, *, in_time: bool) -> Alert:
        """The alert of such a group, which is known from now on, by points that came in time or by late ones."""
        taken = deepcopy(alert)
        taken.known_from = taken.maybe_from
        taken.sure_from = taken.maybe_from if in_time else taken.sure_from
        self.alerts[alert.group] = taken
        return taken

    def _interval(self, alert: Alert, rule: Text, end_s: int, now_s: float) -> list[Transition]:
        """One interval of one group."""
        counted = self._count(alert, rule, end_s)
        newest_s = end_s // rule.period * rule.period
        self._know(alert, rule, newest_s)
        heard = max(alert.heard or 0, rule.first_after(rule.in_force_s))
        is_silent = alert.known_from is not None and end_s - heard >= rule.forget_after
        if rule.by and is_silent and end_s == newest_s and alert.state == "OK" and alert.told is not None:
            # It is over, which is told when it is muted no more; the group is forgotten all the same.
            alert.datapoints = {}
            self._forget(alert, alert.judged_from, rule)
            return self._look_up(alert, rule, end_s, newest_s, now_s)
        if rule.by and is_silent and end_s == newest_s:
            found = self._end(alert, rule, end_s, "forgotten", now_s)
            # A healthy group has no alert that could end: it leaves nothing behind.
            self._forget(alert, end_s if found else alert.judged_from, rule)
            return found
        for start_s in sorted({start_s for start_s in counted if start_s + rule.period <= newest_s}):
            if start_s >= alert.judged_from:
                if alert.known_from is None or start_s < alert.known_from:
                    alert.known_from = alert.born = start_s
                is_sooner = alert.sure_from is None or start_s < alert.sure_from
                if is_sooner and self._points_in_time(alert, rule, start_s):
                    alert.sure_from = alert.surely_born = start_s
                self._give(alert, rule, start_s, end_s)
        for start_s in self._silent(alert, rule, newest_s):
            self._give(alert, rule, start_s, end_s)
        return self._look_up(alert, rule, end_s, newest_s, now_s)

    def _silent(self, alert: Alert, rule: Text, newest_s: int) -> Iterator[int]:
        """The starts of the periods without a datapoint that may have one, as the group was known."""
        known_from = alert.judged_from if rule.silence_is_healthy else alert.known_from
        if known_from is None:
            return
        first_s = rule.first_after(max(known_from, alert.judged_from))
        starts: Iterable[int] = range(first_s, newest_s, rule.period)
        if rule.without_data() is None:
            # Where silence is nothing, only periods with points have a datapoint.
            starts = sorted(start_s for start_s in alert.periods if first_s <= start_s < newest_s)
        for start_s in starts:
            end_s = start_s + rule.period
            if start_s not in alert.datapoints and not (
                self._was_skipped(alert, end_s)
                or (self._can_be_forgotten(rule) and self._was_forgotten(alert, rule, end_s))
            ):
                yield start_s

    def _know(self, alert: Alert, rule: Text, newest_s: int) -> None:
        """A group is known by points that are no datapoint, and when it was last heard."""
        for _, last_s in alert.skipped:
            # Of what was left out, only the last period that was complete by then makes a group known.
            before_s = last_s // rule.period * rule.period - rule.period
            if alert.known_from is None and before_s in alert.periods and before_s >= alert.judged_from:
                alert.known_from = before_s
                ready_s = self.clockwork.ready(before_s + rule.period)
                if any(point.written_at_s <= ready_s for point in alert.periods[before_s]):
                    alert.sure_from = _earlier(before_s, alert.sure_from)
        heard = [
            start_s + rule.period for start_s in alert.periods if alert.groups_from <= start_s < newest_s
        ]
        if alert.known_from is None and any(end_s <= rule.first_after(alert.judged_from) for end_s in heard):
            # It was healthy before a change of the condition, and has not spoken since.
            alert.maybe_from = rule.first_after(alert.judged_from)
        alert.heard = max([*heard, alert.heard or 0]) or None

    def _count(self, alert: Alert, rule: Text, end_s: int) -> set[int]:
        """The periods of the points that count with this interval for the first time."""
        found, rest = set(), []
        for point in alert.pending:
            start_s = rule.start_of(point.time)
            if point.written_at_s > self.clockwork.ready(end_s):
                rest.append(point)
            elif point.written_at_s <= start_s + rule.period + self.clockwork.lateness_s:
                alert.periods.setdefault(start_s, []).append(point)
                # Points of an interval that nobody evaluated are there, but they change no datapoint.
                if self._is_new(alert, point, end_s):
                    found.add(start_s)
        alert.pending = rest
        if rule.above is not None:
            for start_s in alert.periods:
                above = self._above(alert, rule, start_s, self.clockwork.ready(end_s))
                if any(self._is_new(alert, point, end_s) for point in above):
                    found.add(start_s)
        # A period that is complete now has all its points, those that came before its end too.
        if end_s % rule.period == 0 and end_s - rule.period in alert.periods:
            found.add(end_s - rule.period)
        return found

    def _is_new(self, alert: Alert, point: RawPoint, end_s: int) -> bool:
        """True if a point counts with this interval for the first time, and gives its period's datapoint again."""
        counts_with_s = self._counts_with(point)
        first_s = counts_with_s + self.clockwork.tick_s
        unseen = point.written_at_s > self.clockwork.ready(counts_with_s) - UNSEEN_S
        follows = end_s == first_s and unseen and self._was_skipped(alert, counts_with_s)
        return end_s == counts_with_s or follows

    def _counts_with(self, point: RawPoint) -> int:
        """The end of the first interval that is ready after a point was written."""
        tick_s = self.clockwork.tick_s
        return -int(-(point.written_at_s - self.clockwork.grace_s - 1) // tick_s) * tick_s

    def _can_be_forgotten(self, rule: Text) -> bool:
        return bool(rule.by) and not rule.silence_is_healthy

    def _was_forgotten(self, alert: Alert, rule: Text, end_s: int) -> bool:
        """True if the group would have been forgotten by then, had its points come in time."""
        heard = [start_s + rule.period for start_s in alert.periods if start_s + rule.period <= end_s]
        return end_s - max([*heard, rule.first_after(rule.in_force_s)]) >= rule.forget_after

    def _was_skipped(self, alert: Alert, end_s: int) -> bool:
        return any(first_s < end_s <= last_s for first_s, last_s in alert.skipped)

    def _give(self, alert: Alert, rule: Text, start_s: int, end_s: int) -> None:
        """Gives a period's datapoint, in the place of the one that it had."""
        points = alert.periods.get(start_s, [])
        value = self._value(alert, rule, start_s, points, self.clockwork.ready(end_s))
        silence = rule.without_data()
        was_known = not points or rule.silence_is_healthy or not rule.by or alert.born != start_s
        if value is not None:
            alert.datapoints[start_s] = Datapoint(start_s, rule.verdict(value), value)
        elif silence is not None and was_known:
            alert.datapoints[start_s] = Datapoint(start_s, *silence)

    def _value(
        self, alert: Alert, rule: Text, start_s: int, points: Sequence[RawPoint], until_s: float
    ) -> Fraction | None:
        """The value of a period by these points, and those of a ratio's numerator that were written by then."""
        if not points:
            return None
        before = self._before(alert, rule, start_s)
        if rule.above is None:
            return rule.value(points, before)
        found = self._above(alert, rule, start_s, until_s)
        before_s = start_s - rule.period
        above_before = (
            self._above(alert, rule, before_s, self.clockwork.ready(start_s))
            if before_s >= rule.in_force_s
            else []
        )
        above = rule.value(found, above_before, rule.above.get("statistic", "count")) if found else None
        return rule.ratio(rule.value(points, before, rule.below.get("statistic", "count")), above)

    def _above(self, alert: Alert, rule: Text, start_s: int, until_s: float) -> list[RawPoint]:
        """The points of a ratio's numerator in a period that were written by then, and not too late."""
        until_s = min(until_s, start_s + rule.period + self.clockwork.lateness_s)
        return [
            point
            for point in self.points
            if rule.start_of(point.time) == start_s
            and point.written_at_s <= until_s
            and rule.group_of(point, rule.above) == alert.group
        ]

    def _before(self, alert: Alert, rule: Text, start_s: int) -> list[RawPoint]:
        """The points that counters go on from: of the period before, if the rule was in force, those in time."""
        before_s = start_s - rule.period
        return self._points_in_time(alert, rule, before_s) if before_s >= rule.in_force_s else []

    def _points_in_time(self, alert: Alert, rule: Text, start_s: int) -> list[RawPoint]:
        ready_s = self.clockwork.ready(start_s + rule.period)
        return [point for point in alert.periods.get(start_s, []) if point.written_at_s <= ready_s]

    def _in_time(self, alert: Alert, rule: Text, item: Datapoint) -> Datapoint | None:
        """The datapoint that the period would have without the points that came late; none if it would have none."""
        points = self._points_in_time(alert, rule, item.start_s)
        until_s = self.clockwork.ready(item.start_s + rule.period)
        value = self._value(alert, rule, item.start_s, points, until_s)
        if value is not None:
            return Datapoint(item.start_s, rule.verdict(value), value)
        silence = rule.without_data()
        is_known = rule.silence_is_healthy or (
            alert.sure_from is not None
            and alert.sure_from <= item.start_s
            and (not points or not rule.by or alert.surely_born != item.start_s)
        )
        return Datapoint(item.start_s, *silence) if silence is not None and is_known else None

    def _look_up(self, alert: Alert, rule: Text, end_s: int, newest_s: int, now_s: float) -> list[Transition]:
        """Looks the finding up in the protocol's table."""
        last = _last(alert.datapoints.values(), rule, newest_s, alert.state)
        alert.see(last)
        finding = _finding(alert, rule, [(item, item.verdict) for item in last], newest_s)
        state, _, kind = PROTOCOL[alert.state][finding].partition(", ")
        is_muted, was = self.is_muted(rule, alert.group, end_s), alert.told
        overdue = bool(
            not alert.is_acknowledged and rule.renotify and end_s - alert.notified_at_s >= rule.renotify
        )
        if is_muted:
            alert.is_capped = False
        else:
            overdue = self._within_cap(alert, rule, state, end_s, overdue=overdue and kind == "reminder")
            is_muted = alert.is_capped
        alert.told = _told(alert, state, is_muted=is_muted)
        if state == alert.state:
            if is_muted or alert.told is not None:
                return []
            if was is not None:
                return self._tell_now(alert, rule, last, was, end_s, now_s)
            if kind != "reminder" or not overdue:
                return []
            return [self._remind(alert, rule, last, newest_s, end_s, now_s)]
        in_time = [self._in_time(alert, rule, item) for item in alert.datapoints.values()]
        without = _last([item for item in in_time if item is not None], rule, newest_s, alert.state)
        pairs = [(item, item.verdict) for item in without]
        other = PROTOCOL[alert.state][_finding(alert, rule, pairs, newest_s)].partition(", ")[0]
        told_from = None
        if was is not None and not is_muted and state == "OK":
            # Receivers hear of the end of what they heard of, and of nothing else.
            kind = "resolved" if was in FIRING else "silent"
            told_from = None if alert.state in FIRING else was
        value, start_s = _shown(last, state, kind)
        if kind == "resolved" and not rule.tells_resolve:
            kind = "silent"
        if is_muted and kind != "silent":
            kind = "muted"
        late = other != state
        made = Transition(
            kind, alert.state, state, end_s, newest_s, value, start_s, late, told_from=told_from
        )
        return [self._change(alert, rule, made, now_s)]

    def _remind(
        self, alert: Alert, rule: Text, last: Sequence[Datapoint], newest_s: int, end_s: int, now_s: float
    ) -> Transition:
        value, start_s = _shown(last, alert.state, "reminder")
        made = Transition("reminder", alert.state, alert.state, end_s, alert.since_s, value, start_s, False)
        alert.transitions.append(made)
        alert.notified_at_s = end_s
        alert.tell(Message(made, rule), now_s)
        return made

    def _tell_now(
        self, alert: Alert, rule: Text, last: Sequence[Datapoint], told: str, end_s: int, now_s: float
    ) -> list[Transition]:
        """The alert is muted no more: receivers hear what is, where it is not what they were told, or still fires."""
        kind = {"OK": "resolved", "ALARM": "alarm", "MISSING": "missing"}[alert.state]
        if kind == "resolved" and not rule.tells_resolve:
            return []
        if alert.state == told and alert.is_acknowledged:
            return []
        kind = "reminder" if alert.state == told else kind
        value, start_s = _shown(last, alert.state, kind)
        state = alert.state
        made = Transition(kind, state, state, end_s, alert.since_s, value, start_s, False, told_from=told)
        alert.transitions.append(made)
        alert.notified_at_s = end_s
        alert.tell(Message(made, rule), now_s)
        return [made]

    def _change(self, alert: Alert, rule: Text, made: Transition, now_s: float) -> Transition:
        """A change of state, told or not."""
        alert.transitions.append(made)
        if alert.state in FIRING and made.state == "OK" and not made.cause:
            # An alert that has ended has no datapoints that could cast doubt.
            alert.resolved_at_s = made.since_s
        if alert.state in FIRING and made.kind in {"silent", "muted"}:
            alert.take_back(now_s)
        alert.state, alert.since_s = made.state, made.since_s
        alert.is_acknowledged = alert.is_acknowledged and made.state in FIRING
        if made.kind not in {"silent", "muted"}:
            alert.notified_at_s = made.at_s
            alert.tell(Message(made, rule), now_s)
        return made

    def _end(self, alert: Alert, rule: Text, at_s: int, cause: str, now_s: float) -> list[Transition]:
        """An alert ends: the last column of the table. It shows the last datapoint that it had."""
        last = _last(alert.datapoints.values(), rule, rule.start_of(at_s), alert.state)
        value, start_s = _shown(last, "OK", "resolved")
        alert.datapoints = {}
        state, _, kind = PROTOCOL[alert.state]["ended"].partition(", ")
        told_from, told, alert.told = None, alert.told, None
        if told is not None:
            kind = "resolved" if told in FIRING else kind and "silent"
            told_from = None if alert.state in FIRING else told
        if not kind:
            return []
        if kind == "resolved" and not rule.tells_resolve:
            kind = "silent"
        since_s = rule.start_of(at_s)
        made = Transition(
            kind, alert.state, state, at_s, since_s, value, start_s, False, cause, told_from, alert.cursor
        )
        return [self._change(alert, rule, made, now_s)]

    def _forget(self, alert: Alert, at_s: int, rule: Text) -> None:
        """A group begins anew; the one group of a rule without `by` stays known."""
        alert.judged_from = max(alert.judged_from, at_s)
        if rule.by:
            self._begin_anew(alert, at_s)

    def _begin_anew(self, alert: Alert, at_s: int) -> None:
        """A group is not known until it has a point in a period that begins then or later."""
        alert.groups_from = max(alert.groups_from, at_s)
        alert.known_from = alert.sure_from = alert.heard = None


def _is_in_hour(at_s: int, end_s: int) -> bool:
    """True for an interval of the same hour that is not behind the one that ends then; an hour's last ends with it."""
    return (end_s - 1) // 3_600 * 3_600 < at_s <= end_s


def _counted_kind(alert: Alert, state: str, *, overdue: bool) -> str:
    """The kind of the message that counts and that an alert which is not muted has to tell, if any."""
    if state != alert.state:
        return "alarm"
    if alert.told is not None:
        if state != alert.told:
            return "alarm"
        return "" if alert.is_acknowledged else "reminder"
    return "reminder" if overdue else ""


def _never(_: Text, __: Group, ___: int) -> bool:
    return False


def _told(alert: Alert, state: str, *, is_muted: bool) -> str | None:
    """What receivers were told last, if there will be a difference to tell."""
    if not is_muted and (alert.told is None or state != "PENDING"):
        return None
    told = alert.told or (alert.state if alert.state in FIRING else "OK")
    return told if state in FIRING or told in FIRING else None


def _earlier(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)


def _last(datapoints: Iterable[Datapoint], rule: Text, newest_s: int, state: str) -> list[Datapoint]:
    """The datapoints that may be looked at, by their periods: those of the last periods, or the last that there are."""
    most = max(rule.n, rule.r)
    found = sorted(item for item in datapoints if item.start_s < newest_s)
    if rule.missing_data == "ignore":
        longest = max(rule.look_back, rule.hold + 2 * rule.period if state in FIRING else 0)
        return [item for item in found if item.start_s >= newest_s - longest][-most:]
    return [item for item in found if item.start_s >= newest_s - most * rule.period]


def _last_of(
    pairs: Sequence[tuple[Datapoint, str]], count: int, rule: Text, newest_s: int
) -> list[tuple[Datapoint, str]]:
    if rule.missing_data == "ignore":
        return list(pairs[-count:])
    return [pair for pair in pairs if pair[0].start_s >= newest_s - count * rule.period]


def _finding(alert: Alert, rule: Text, pairs: Sequence[tuple[Datapoint, str]], newest_s: int) -> str:
    """The one finding that the last datapoints are together."""
    last = _last_of(pairs, rule.n, rule, newest_s)
    if rule.missing_data == "ignore":
        last = [pair for pair in last if pair[0].start_s >= newest_s - rule.look_back]
    verdicts = [verdict for _, verdict in last]
    if not pairs:
        return "nothing known"
    if verdicts.count("breaching") >= rule.m:
        return "breach"
    if verdicts.count("missing") >= rule.m:
        return "missing"
    recovery = [verdict for _, verdict in _last_of(pairs, rule.r, rule, newest_s)]
    unhealthy_s = max([alert.unhealthy_s, *(item.start_s for item, _ in pairs if item.is_unhealthy)])
    if alert.state in FIRING and newest_s < unhealthy_s + rule.period + rule.hold:
        return "unsettled"
    if alert.state == "ALARM":
        return "clear" if recovery == ["recovered"] * rule.r else "unsettled"
    if alert.state == "MISSING":
        known = len(recovery) == rule.r
        return "clear" if known and not _without_data(pairs, rule, newest_s) else "unsettled"
    doubts = [item for item, verdict in last if verdict in {"breaching", "missing"}]
    if alert.state == "OK":
        doubts = [item for item in doubts if item.start_s + rule.period > alert.resolved_at_s]
    return "unsettled" if doubts else "clear"


def _without_data(pairs: Sequence[tuple[Datapoint, str]], rule: Text, newest_s: int) -> bool:
    """True if one of the last `recovery.datapoints` datapoints has no data."""
    return any(verdict == "missing" for _, verdict in _last_of(pairs, rule.r, rule, newest_s))


def _shown(last: Sequence[Datapoint], state: str, kind: str) -> tuple[Fraction | None, int | None]:
    """The value and the period that a message shows; no period where nothing is remembered."""
    chosen = [item for item in last if kind != "alarm" or item.verdict == "breaching"]
    if not chosen:
        return None, None
    return None if state == "MISSING" else chosen[-1].value, chosen[-1].start_s


def by_series(points: Iterable[RawPoint]) -> dict[object, list[RawPoint]]:
    """The points of each series."""
    found: dict[object, list[RawPoint]] = {}
    for point in points:
        found.setdefault(_series(point), []).append(point)
    return found


def _series(point: RawPoint) -> object:
    return point.metric_type, tuple(sorted(point.dimensions.items()))


def growth(points: Sequence[RawPoint], before: Sequence[RawPoint]) -> Fraction | None:
    """How much a series grew, from its last point of the period before if there is one; a fall is a restart."""
    last = [point for point in before if _series(point) == _series(points[0])]
    ordered = [(point.time, Fraction(repr(point.value))) for point in points]
    if last:
        ordered.append(max((point.time, Fraction(repr(point.value))) for point in last))
    values = [value for _, value in sorted(ordered)]
    pairs = list(pairwise(values))
    return sum((b - a if b >= a else b for a, b in pairs), Fraction()) if pairs else None


def _root(square: Fraction) -> Fraction:
    with localcontext(prec=60):
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


def _holds(value: Fraction, operator: str, threshold: Any) -> bool:
    bounds = threshold if isinstance(threshold, list) else [threshold]
    low, high = Fraction(repr(bounds[0])), Fraction(repr(bounds[-1]))
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
