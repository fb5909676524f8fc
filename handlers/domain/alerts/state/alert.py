"""An alert: what is known of one group of one rule, as its item keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from handlers.domain.alerts.rules.selection import Group
from handlers.vocabulary import AlertState

HISTORY = 10


class Verdict(StrEnum):
    """What one period says. BETWEEN does not breach, but does not count towards recovery either."""

    BREACHING = "breaching"
    BETWEEN = "between"
    RECOVERED = "recovered"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Judged:
    """One period of one group as it was judged, with what it was judged by."""

    start: int
    verdict: Verdict
    value: float | None = None
    count: int = 0
    late: bool = False
    sources: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The period as an alert's item keeps it."""
        return {
            "start": self.start, "verdict": str(self.verdict), "value": self.value, "count": self.count,
            "late": self.late, "sources": list(self.sources),
        }  # fmt: skip

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Judged":
        """The period that a document describes."""
        values = {**document, "verdict": Verdict(document["verdict"]), "sources": tuple(document["sources"])}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one group, the periods it rests on, and how it came about."""

    rule_key: str
    group: Group
    rule_revision: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    state: AlertState = AlertState.OK
    since: int = 0
    newest: int = 0
    periods: tuple[Judged, ...] = ()
    notified_at: float = 0.0
    sequence: int = 0
    history: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """Everything but the keys, as plain values."""
        return {
            "group": list(self.group),
            "rule_revision": self.rule_revision,
            "rule": dict(self.rule),
            "state": str(self.state),
            "since": self.since,
            "newest": self.newest,
            "periods": [judged.document() for judged in self.periods],
            "notified_at": self.notified_at,
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
            since=document["since"],
            newest=document["newest"],
            periods=tuple(map(Judged.read, document["periods"])),
            notified_at=document["notified_at"],
            sequence=document["sequence"],
            history=tuple(document["history"]),
        )

    def forgotten(self) -> "Alert":
        """The same alert without the periods it rested on, as when its rule changes."""
        return replace(self, state=AlertState.OK, periods=(), newest=0)

    @property
    def is_quiet(self) -> bool:
        """True if the group is as healthy as one that has no item, so that nothing needs to be written of it."""
        unhealthy = {Verdict.BREACHING, Verdict.MISSING}
        return self.state is AlertState.OK and not any(judged.verdict in unhealthy for judged in self.periods)
