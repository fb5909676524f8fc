"""An alert: the state of one group of one rule with the datapoints it rests on, as its item keeps it.

Times are whole seconds since 1970. The names in `document` are stored, and stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handlers.domain.alerts.rules.selection import Group
from handlers.vocabulary import AlertState

HISTORY_ENTRIES = 10
_DATAPOINT_FIELDS = ("start", "verdict", "value", "count", "late", "sources")


class Verdict(StrEnum):
    """The comparison of one datapoint. BETWEEN does not breach, but does not count towards recovery either."""

    BREACHING = "breaching"
    BETWEEN = "between"
    RECOVERED = "recovered"
    MISSING = "missing"

    @property
    def is_healthy(self) -> bool:
        """True for a datapoint that counts neither towards ALARM nor towards MISSING."""
        return self in {Verdict.BETWEEN, Verdict.RECOVERED}


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period of one group as it was evaluated, with what it was evaluated from."""

    start_s: int
    verdict: Verdict
    value: float | None = None
    count: int = 0
    late: bool = False
    sources: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The datapoint as an alert's item keeps it."""
        values = (self.start_s, str(self.verdict), self.value, self.count, self.late, list(self.sources))
        return dict(zip(_DATAPOINT_FIELDS, values, strict=True))

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Datapoint":
        """The datapoint that a document describes."""
        start_s, verdict, value, count, late, sources = (document[name] for name in _DATAPOINT_FIELDS)
        return cls(start_s, Verdict(verdict), value, count, late, tuple(sources))


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

    def document(self) -> dict[str, Any]:
        """Everything but the keys, as plain values."""
        return {
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
        }

    @classmethod
    def read(cls, rule_key: str, document: Mapping[str, Any]) -> "Alert":
        """The alert that a document describes."""
        return cls(
            rule_key=rule_key,
            group=tuple(document["group"]),
            rule_revision=document["rule_revision"],
            rule=document["rule"],
            state=AlertState(document["state"]),
            since_s=document["since"],
            newest_s=document["newest"],
            datapoints=tuple(map(Datapoint.read, document["periods"])),
            notified_at_s=document["notified_at"],
            sequence=document["sequence"],
            history=tuple(document["history"]),
        )

    @property
    def is_quiet(self) -> bool:
        """True if the group is as healthy as one that has no item, so that nothing needs to be written of it."""
        return self.state is AlertState.OK and all(item.verdict.is_healthy for item in self.datapoints)
