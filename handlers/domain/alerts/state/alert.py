"""An alert: the state of one group of one rule with the datapoints it rests on, as its item keeps it.

Times are whole seconds since 1970. The names in `document` are stored, and stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any

from handlers.domain.alerts.rules.point_fields import MOST_BY
from handlers.domain.alerts.rules.selection import Group
from handlers.vocabulary import AlertState

HISTORY_ENTRIES = 10
# No rule has a group of so many values: the alert of the messages that a rule's cap held back.
SUMMARY_GROUP: Group = (*(None,) * MOST_BY, "messages_per_hour")


class Verdict(StrEnum):
    """The comparison of one datapoint. BETWEEN does not breach, but does not count towards recovery either."""

    BREACHING = "breaching"
    BETWEEN = "between"
    RECOVERED = "recovered"
    MISSING = "missing"

    @property
    def is_healthy(self) -> bool:
        """True for a datapoint that counts neither towards ALARM nor towards MISSING."""
        return self is Verdict.RECOVERED or self is Verdict.BETWEEN


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period of one group as it was evaluated, with what it was evaluated from.

    `on_time` is the verdict without the points that came late (None: without them there is no datapoint); it differs
    from `verdict` only if there were `late` ones.
    """

    start_s: int
    verdict: Verdict
    value: float | None = None
    count: int = 0
    late: bool = False
    sources: tuple[str, ...] = ()
    on_time: Verdict | None = None

    def without_late(self) -> "Datapoint | None":
        """The datapoint as it would be without late points; None if there would be none."""
        if not self.late:
            return self
        return None if self.on_time is None else replace(self, verdict=self.on_time)

    @property
    def casts_doubt(self) -> bool:
        """True if it counts towards ALARM or MISSING, or would without late points: that decides what is late."""
        without_late = self.without_late()
        return not self.verdict.is_healthy or (
            without_late is not None and not without_late.verdict.is_healthy
        )

    def document(self) -> dict[str, Any]:
        """The datapoint as an alert's item keeps it."""
        document = {
            "start": self.start_s,
            "verdict": str(self.verdict),
            "value": self.value,
            "count": self.count,
            "late": self.late,
            "sources": list(self.sources),
        }
        if self.late:
            document["on_time"] = self.on_time and str(self.on_time)
        return document

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Datapoint":
        """The datapoint that a document describes; items of the version before have no `on_time`."""
        start_s, verdict, value, count, late, sources = (
            document[name] for name in ("start", "verdict", "value", "count", "late", "sources")
        )
        on_time = document.get("on_time", verdict) if late else None
        return cls(
            start_s, Verdict(verdict), value, count, late, tuple(sources), on_time and Verdict(on_time)
        )


@dataclass(frozen=True, slots=True)
class Muted:
    """The alert fires, or receivers believe so, and what holds it back: nothing of it is sent.

    `since_s` is the end of the interval with which that began, `told` the state that receivers were told last.
    """

    by: str
    since_s: int
    told: AlertState


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody knows of the alert, so it is not told again until it is over; who and why, and the second of it."""

    by: str
    why: str
    at_s: int


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one group, the datapoints it rests on, and how it came about."""

    rule_key: str
    group: Group
    # The rule by which it was last evaluated: its alerts end in its words when it changes.
    rule_revision: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    state: AlertState = AlertState.OK
    # The end of the period with which the state began.
    since_s: int = 0
    # The start of the last period that was complete at an evaluation.
    newest_s: int = 0
    datapoints: tuple[Datapoint, ...] = ()
    # The end of the interval that last led to a notification, and how many of those there were.
    notified_at_s: int = 0
    sequence: int = 0
    history: tuple[Mapping[str, Any], ...] = ()
    # The end of the last interval that the alert was decided for: what is about earlier ones is decided.
    evaluated_to_s: int = 0
    # Periods that began before this are not judged: the alert was closed then.
    judged_from_s: int = 0
    # The end of the newest complete period when the alert was last resolved: what was before casts no doubt any more.
    resolved_s: int = 0
    # The start of the last period that had data.
    heard_s: int = 0
    # While it fires: the start of the last period that breached or was missing, of those not remembered any more.
    unhealthy_s: int = 0
    # The group is known though nothing is remembered of it: its rule was changed, and it was not heard of since.
    watched: bool = False
    # None while nothing of it is held back.
    muted: Muted | None = None
    acknowledged: Acknowledgement | None = None
    # Of a rule with a cap: the ends of the intervals of this hour with which a message was told, and with which one was
    # held back.
    told_at_s: tuple[int, ...] = ()
    held_at_s: tuple[int, ...] = ()

    def changed(self, **values: Any) -> "Alert":
        """The alert with other values of these fields, in a tenth of the time that `replace` takes."""
        changed = object.__new__(Alert)
        for write, value in zip(_WRITERS, _values_of(self), strict=True):
            write(changed, value)
        for name, value in values.items():
            _WRITER_OF[name](changed, value)
        return changed

    def says_as(self, other: "Alert") -> bool:
        """True if both say the same, up to whatever interval they were decided for."""
        return self.newest_s == other.newest_s and bool(_said_by(self) == _said_by(other))

    def document(self) -> dict[str, Any]:
        """Everything but the keys, as plain values."""
        document = {
            "group": list(self.group),
            "rule_revision": self.rule_revision,
            "rule": dict(self.rule),
            "state": str(self.state),
            "since": self.since_s,
            "newest": self.newest_s,
            "periods": [datapoint.document() for datapoint in self.datapoints],
            "notified_at": self.notified_at_s,
            "sequence": self.sequence,
            "history": [dict(entry) for entry in self.history],
            "evaluated_to": self.evaluated_to_s,
            "judged_from": self.judged_from_s,
            "resolved": self.resolved_s,
            "heard": self.heard_s,
            "watched": self.watched,
        }
        if self.unhealthy_s:
            document["unhealthy"] = self.unhealthy_s
        if self.told_at_s or self.held_at_s:
            document["messages"] = {"told": list(self.told_at_s), "held": list(self.held_at_s)}
        if self.muted is not None:
            muted = self.muted
            document["muted"] = {"by": muted.by, "since": muted.since_s, "told": str(muted.told)}
        if self.acknowledged is not None:
            known = self.acknowledged
            document["acknowledged"] = {"by": known.by, "why": known.why, "at": known.at_s}
        return document

    @classmethod
    def read(cls, rule_key: str, document: Mapping[str, Any]) -> "Alert":
        """The alert that a document describes; one of the version before says less."""
        datapoints = tuple(map(Datapoint.read, document["periods"]))
        period_s, since_s = document["rule"].get("period", 0), document["since"]
        heard_s = max((item.start_s for item in datapoints if item.count), default=since_s - period_s)
        newest_end_s = document["newest"] + period_s if document["newest"] else 0
        messages = document.get("messages", {})
        is_ok = document["state"] == AlertState.OK
        return cls(
            rule_key=rule_key,
            group=tuple(document["group"]),
            rule_revision=document["rule_revision"],
            rule=document["rule"],
            state=AlertState(document["state"]),
            since_s=since_s,
            newest_s=document["newest"],
            datapoints=datapoints,
            notified_at_s=document["notified_at"],
            sequence=document["sequence"],
            history=tuple(document["history"]),
            evaluated_to_s=document.get("evaluated_to", newest_end_s),
            judged_from_s=document.get("judged_from", 0),
            resolved_s=document.get("resolved", since_s if is_ok else 0),
            heard_s=document.get("heard", heard_s),
            unhealthy_s=document.get("unhealthy", 0),
            watched=document.get("watched", False),
            muted=_muted(document.get("muted")),
            acknowledged=_acknowledged(document.get("acknowledged")),
            told_at_s=tuple(messages.get("told", ())),
            held_at_s=tuple(messages.get("held", ())),
        )

    @property
    def is_quiet(self) -> bool:
        """True if the group is as healthy as one that has no item, so that nothing needs to be written of it."""
        healthy = self.state is AlertState.OK and not any(item.casts_doubt for item in self.datapoints)
        return healthy and not self.watched

    @property
    def is_over(self) -> bool:
        """True if the group is healthy and there is nothing to tell of it when it is muted no more."""
        return self.is_quiet and self.muted is None

    @property
    def is_settled(self) -> bool:
        """True if, besides, it has no part in what its rule tells in this hour, so that nobody needs to look at it."""
        return self.is_over and not self.told_at_s and not self.held_at_s

    @property
    def is_summary(self) -> bool:
        """True if it is no group's alert, but that of the messages that a rule's cap held back."""
        return self.group == SUMMARY_GROUP


_FIELDS = tuple(item.name for item in fields(Alert))
_values_of = attrgetter(*_FIELDS)
# A frozen object's slots, which are written while it is made.
_WRITERS = tuple(vars(Alert)[name].__set__ for name in _FIELDS)
_WRITER_OF = dict(zip(_FIELDS, _WRITERS, strict=True))
_said_by = attrgetter(*(name for name in _FIELDS if name != "evaluated_to_s"))


def _muted(document: Mapping[str, Any] | None) -> Muted | None:
    if document is None:
        return None
    return Muted(document["by"], document["since"], AlertState(document["told"]))


def _acknowledged(document: Mapping[str, Any] | None) -> Acknowledgement | None:
    return None if document is None else Acknowledgement(document["by"], document["why"], document["at"])
