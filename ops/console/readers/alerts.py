"""Alerts and rules as the tables hold them: the one module of the console that knows how they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.domain.alerts.notifications.stored_alert import StoredAlert
from handlers.domain.alerts.rules.ratio import measured_text
from handlers.domain.alerts.rules.reading import rule_document
from ops.console.place import Place
from ops.errors import refusals
from ops.stored_alerts import SUMMARY, stored_alerts


@dataclass(frozen=True, slots=True)
class Period:
    """A period of an alert: its start in seconds of the epoch, what was made of it, and from how many points."""

    start_s: int
    verdict: str
    value: float | None
    points: int
    late: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Period":
        """The period that a stored document describes."""
        names = ("start", "verdict", "value", "count", "late")
        return cls(*(document[name] for name in names))


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an alert's state, and the periods that it was decided by."""

    at_s: float
    before: str
    after: str
    kind: str
    reason: str
    late: bool
    periods: Sequence[Period]


@dataclass(frozen=True, slots=True)
class Message:
    """A notification of an alert; `sent_at_s` is 0 while it is on its way."""

    subject: str
    body: str
    sent_at_s: float


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert as it is now and how it came about; `rule` is the document of the rule that judged it last."""

    rule_id: str
    group: str
    state: str
    firing: bool
    since_s: float
    rule: Mapping[str, Any]
    periods: Sequence[Period] = field(default_factory=tuple)
    history: Sequence[Change] = field(default_factory=tuple)
    messages: Sequence[Message] = field(default_factory=tuple)
    # What holds its messages back, and who knows of it; empty if nothing and nobody.
    muted_by: str = ""
    acknowledged_by: str = ""

    @property
    def held(self) -> str:
        """Why nothing is sent of it, or no reminders; empty if everything is."""
        known = f"acknowledged by {self.acknowledged_by}" if self.acknowledged_by else ""
        return ", ".join(filter(None, (self.muted_by, known)))

    @property
    def value(self) -> float | None:
        """The value of the newest period."""
        return self.periods[-1].value if self.periods else None


def read_rules(place: Place) -> list[Mapping[str, Any]]:
    """The documents of the rules in force, as rule files have them, by their ids."""
    with refusals("cannot read the rules"):
        rules = RulesTable(place.client("dynamodb"), place.output("RulesTableName")).fresh().rules
    return sorted((rule_document(rule) for rule in rules), key=lambda rule: str(rule["rule_id"]))


def read_alerts(place: Place, *, every: bool) -> list[ShownAlert]:
    """The alerts that are not healthy or still have something to send; with `every`, also those of the last month."""
    found = map(_shown, stored_alerts(place, every=every))
    return sorted(
        found, key=lambda alert: (not alert.firing, alert.state == "OK", -alert.since_s, alert.rule_id)
    )


def condition_text(rule: Mapping[str, Any]) -> str:
    """A rule's condition in a line."""
    own = {} if "numerator" in rule else rule.get("match", {})
    where = " ".join(f"{name}={'|'.join(values)}" for name, values in own.items())
    by = f" by {', '.join(rule['by'])}" if rule.get("by") else ""
    bounds = " to ".join(f"{bound:g}" for bound in bounds_of(rule))
    measured = f"{measured_text(rule)}{f' where {where}' if where else ''}{by}"
    return f"{measured} {rule['operator']} {bounds} in {rule['datapoints']} periods of {rule['period']} s"


def bounds_of(rule: Mapping[str, Any]) -> list[float]:
    """The threshold's one bound or two."""
    threshold = rule.get("threshold", [])
    return [float(bound) for bound in (threshold if isinstance(threshold, list) else [threshold])]


def recovery_of(rule: Mapping[str, Any]) -> list[float]:
    """The recovery threshold's one bound or two."""
    return bounds_of(rule.get("recovery", {}))


def _shown(stored: StoredAlert) -> ShownAlert:
    alert = stored.alert
    names = alert.rule.get("by", [])
    pairs = zip(names, alert.group, strict=False)
    history = [
        Change(
            entry["at"], entry["from"], entry["to"], entry["kind"], entry["reason"], entry["late"],
            [Period.of(period) for period in entry["periods"]],
        )
        for entry in reversed(alert.history)
    ]  # fmt: skip
    return ShownAlert(
        rule_id=stored.key.rule_key.split("/", 1)[0],
        group=" ".join(f"{name}={'–' if value is None else value}" for name, value in pairs) or "all"
        if not alert.is_summary
        else SUMMARY,
        state=str(alert.state),
        firing=alert.state.is_firing,
        since_s=alert.since_s,
        rule=alert.rule,
        periods=[Period.of(point.document()) for point in alert.datapoints],
        history=history,
        messages=[
            Message(entry.notification.subject, entry.notification.message, entry.confirmed_at_s)
            for entry in stored.outbox.entries
        ],
        muted_by=alert.muted.by if alert.muted is not None else "",
        acknowledged_by=alert.acknowledged.by if alert.acknowledged is not None else "",
    )
