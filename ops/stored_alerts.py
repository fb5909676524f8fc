"""The alerts of a deployment, as its table has them."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from ops.errors import refusals

# The alert of what a rule's cap on messages held back, in the place of a group.
SUMMARY = "(summary of what messages_per_hour holds back)"


class Deployment(Protocol):
    """A deployment as these need it: `ops.stack.Target`, or what keeps its clients and outputs for a while."""

    def client(self, service: str) -> Any:
        """An SDK client of the deployment's region."""

    def output(self, name: str) -> str:
        """One of the stack's outputs; OperatorError when there is none of that name."""


def alerts_table(target: Deployment) -> AlertsTable:
    """The table of a deployment's alerts."""
    return AlertsTable(target.client("dynamodb"), target.output("AlertsTableName"))


def stored_alerts(target: Deployment, *, every: bool) -> list[StoredAlert]:
    """The alerts in the order of their keys: those that are open, or every one of the last month."""
    client, name = target.client("dynamodb"), target.output("AlertsTableName")
    table = alerts_table(target)
    with refusals("cannot read the alerts"):
        keys = table.open_keys()
        if every:
            pages = client.get_paginator("scan").paginate(
                TableName=name, ProjectionExpression="rule_key, group_key"
            )
            keys = [
                AlertKey(item["rule_key"]["S"], item["group_key"]["S"])
                for page in pages
                for item in page["Items"]
            ]
        return sorted(table.load(keys), key=lambda stored: stored.key)


def group_text(stored: StoredAlert) -> str:
    """The group of an alert as `name=value`, or `without name` where its points have no such dimension."""
    if stored.alert.is_summary:
        return SUMMARY
    names = stored.alert.rule.get("by", [])
    pairs = zip(names, stored.alert.group, strict=False)
    shown = (f"without {name}" if value is None else f"{name}={value}" for name, value in pairs)
    return " ".join(shown) or "(all)"


def alerts_of(alerts: Iterable[StoredAlert], rule_id: str, group: Sequence[str]) -> list[StoredAlert]:
    """The alerts of a rule, and of one group if its values are given; an empty text is a value that is not there."""
    return [
        stored
        for stored in alerts
        if stored.key.rule_key.split("/", 1)[0] == rule_id
        and (not group or list(group) == [value or "" for value in stored.alert.group])
    ]
