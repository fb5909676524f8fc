"""Notifications: a versioned JSON body, a subject that SNS takes, attributes that subscriptions filter on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from handlers.domain.alerts.notifications.email_text import subject
from handlers.domain.alerts.periods import HOUR_S, hour_of
from handlers.domain.alerts.rules.ratio_fields import RATIO_FIELDS
from handlers.domain.alerts.rules.reading import rule_document
from handlers.domain.alerts.rules.rule import Rule, number_text
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.rules.text_template import render
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.transition import Kind, Transition
from handlers.vocabulary import AlertState

VERSION = 1
# https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
_LARGEST_FILTERED = 10**9
# The two that clients may send and SQS does not take as they are; in JSON they can only stand in a string.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_ESCAPED = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_ABSENT = "(none)"
_RULE_FIELDS = (
    "rule_id", "statistic", "operator", "threshold", "period", "datapoints", "missing_data", "recovery",
)  # fmt: skip
# Fields may repeat, and what clients send may be long.
_TEXT_CHARACTERS = 2_000
_VALUE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a notification."""

    region: str
    environment: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The alarms that a rule's cap held back in the hour that begins then: how many there were, how many of all alerts
    that were held back still fire, and some groups: of those that fire, or if none does, of those that did."""

    begin_s: int
    alarms: int = 0
    firing: int = 0
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to the topic; publishing it again repeats it under the same id."""

    subject: str
    body: Mapping[str, Any]
    attributes: Mapping[str, Mapping[str, str]]

    @property
    def dedupe_id(self) -> str:
        """The id of the notification, which its copies share."""
        return str(self.body["dedupe_id"])

    @property
    def message(self) -> str:
        """The body as it is published."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)

    @property
    def is_change(self) -> bool:
        """True for a change of state, false for a reminder of one."""
        return str(self.body["kind"]) != Kind.REMINDER

    @property
    def is_firing(self) -> bool:
        """True if it tells that an alert fires."""
        return AlertState(self.body["state"]).is_firing

    @property
    def sequence(self) -> int:
        """The number of the notification among those of its alert."""
        return int(self.body["sequence"])

    @property
    def at(self) -> str:
        """The end of the interval that led to it, as a text that sorts by time."""
        return str(self.body["at"])

    def standing_for(self, unsent: "Notification") -> "Notification":
        """The notification of a change of state, sent in the place of an earlier one that never was."""
        # Those that an older version wrote have no such count.
        untold = self.body.get("untold", 0) + unsent.body.get("untold", 0) + 1
        return replace(self, body={**self.body, "untold": untold})


def notification(
    rule: Rule, alert: Alert, transition: Transition, origin: Origin, summary: Summary | None = None
) -> Notification:
    """The message for a transition. Equal transitions make equal messages, so two evaluations cannot differ."""
    by_name = {} if alert.is_summary else _by_name(rule, alert.group)
    group = {name: value for name, value in by_name.items() if value is not None}
    fields = _fields(rule, transition, group, origin)
    alert_parts = [origin.environment, origin.region, rule.key, group_key(alert.group)]
    body = {
        "version": VERSION,
        "dedupe_id": _id([*alert_parts, transition.number, transition.at_s, str(transition.state)]),
        "alert_id": _id(alert_parts),
        "sequence": transition.number,
        "untold": 0,
        "kind": str(transition.kind),
        "state": str(transition.state),
        "previous_state": str(transition.state_before),
        "severity": str(rule.severity),
        "metric_type": rule.metric_type,
        "metric_name": rule.metric_name,
        "rule": _rule_part(rule),
        "group": by_name,
        "value": transition.value,
        "threshold": rule_document(rule)["threshold"],
        "period": _period_part(rule, transition),
        "since": _time_text(transition.since_s),
        "at": _time_text(transition.at_s),
        "late": transition.late,
        "reason": transition.reason,
        "annotation": render(rule.annotation, fields)[:_TEXT_CHARACTERS],
        "runbook": render(rule.runbook, fields, link=True)[:_TEXT_CHARACTERS],
        "region": origin.region,
        "environment": origin.environment,
    }
    if alert.is_summary:
        body["annotation"] = f"{rule.rule_id}: {transition.reason}"[:_TEXT_CHARACTERS]
        body["summary"] = _summary_part(rule, summary or Summary(hour_of(transition.at_s)))
    return Notification(subject=subject(body), body=body, attributes=_attributes(rule, transition))


def _by_name(rule: Rule, group: Group) -> dict[str, str | None]:
    return dict(zip(rule.by, group, strict=True))


def _summary_part(rule: Rule, summary: Summary) -> dict[str, Any]:
    return {
        "messages_per_hour": rule.messages_per_hour,
        "begin": _time_text(summary.begin_s),
        "end": _time_text(summary.begin_s + HOUR_S),
        "alarms": summary.alarms,
        "firing": summary.firing,
        "groups": [_shortened(_by_name(rule, group)) for group in summary.groups],
    }


def _shortened(group: Mapping[str, str | None]) -> dict[str, str | None]:
    """A group in a list of them: values may have 2 KB each."""
    return {
        name: value if value is None or len(value) <= _VALUE_CHARACTERS else f"{value[:_VALUE_CHARACTERS]}…"
        for name, value in group.items()
    }


def _id(parts: Sequence[str | int]) -> str:
    """Thirty-two digits that only these parts have, whichever region and environment tells of them."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _rule_part(rule: Rule) -> dict[str, Any]:
    document = rule_document(rule)
    return {name: document[name] for name in (*_RULE_FIELDS, *RATIO_FIELDS) if name in document}


def _period_part(rule: Rule, transition: Transition) -> dict[str, Any]:
    datapoint = transition.datapoint
    start_s = transition.since_s - rule.period_s if datapoint is None else datapoint.start_s
    end_s = start_s + rule.period_s
    return {"seconds": rule.period_s, "start": _time_text(start_s), "end": _time_text(end_s)}


def _attributes(rule: Rule, transition: Transition) -> dict[str, dict[str, str]]:
    texts = {
        "severity": str(rule.severity),
        "metric_type": rule.metric_type,
        "state": str(transition.state),
        "rule_id": rule.rule_id,
    }
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    if transition.value is not None:
        attributes["value"] = {"DataType": "Number", "StringValue": _filtered_number(transition.value)}
    return attributes


def _filtered_number(value: float) -> str:
    """The number as filter policies can compare it: inside a billion, with five digits behind the point."""
    bounded = min(max(value, -_LARGEST_FILTERED), _LARGEST_FILTERED)
    text = f"{bounded:.5f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _fields(rule: Rule, transition: Transition, group: Mapping[str, str], origin: Origin) -> dict[str, str]:
    return {
        "rule_id": rule.rule_id,
        "metric_name": rule.metric_name,
        "metric_type": rule.metric_type,
        "statistic": str(rule.statistic),
        "operator": str(rule.condition.operator),
        "threshold": " to ".join(number_text(bound) for bound in rule.condition.bounds),
        "period": str(rule.period_s),
        "datapoints": str(rule.datapoints),
        "severity": str(rule.severity),
        "state": str(transition.state),
        "previous_state": str(transition.state_before),
        "value": "no data" if transition.value is None else number_text(transition.value),
        "group": ", ".join(f"{name}={value}" for name, value in group.items()) or "all",
        "region": origin.region,
        "environment": origin.environment,
        **{f"group.{name}": group.get(name, _ABSENT) for name in rule.by},
    }


def _time_text(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
