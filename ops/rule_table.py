"""The rules table of a deployment, as its operators read and change it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import KNOWN_AFTER_S, RulesTable, item_of
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule, RuleSet
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from ops.aws_clock import time_of
from ops.errors import refusals
from ops.output import sanitize
from ops.stack import Target

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSACTION_ITEMS = 100


class RuleTable:
    """The rules of one deployment; every method raises OperatorError where AWS refuses."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = target.client("dynamodb")
        self._name = target.output("RulesTableName")

    def read(self) -> RuleSet:
        """The rules in force, and how many items are none."""
        with refusals("cannot read the rules"):
            return RulesTable(self._client, self._name).fresh()

    def open_alerts(self) -> Mapping[str, int]:
        """The number of open alerts by the keys of their rules."""
        with refusals("cannot read the alerts"):
            keys = AlertsTable(self._client, self._target.output("AlertsTableName")).open_keys()
        return Counter(key.rule_key for key in keys)

    def left_out(self, rules: Sequence[Rule]) -> Mapping[str, KnownGroups]:
        """The notes of the last full hour or since by the keys of rules that left groups out then: how many, and why.

        Nothing for a deployment that does not note it yet.
        """
        name = self._target.outputs().get("AlertWindowsTableName")
        grouped = [rule for rule in rules if rule.by] if name else []
        with refusals("cannot read which groups are known"):
            windows = WindowsTable(self._client, str(name), Timing())
            names = {groups_id(rule.selection) for rule in grouped}
            noted = {selection: windows.known_groups(selection) for selection in names}
        found = {rule.key: noted[groups_id(rule.selection)] for rule in grouped}
        return {key: note for key, note in found.items() if note.left_out}

    def in_force_since(self) -> int:
        """The second from which on all functions know a rule that is written now, by the clock of AWS."""
        return self.time_s() + KNOWN_AFTER_S

    def time_s(self) -> int:
        """The time by the clock of AWS, in seconds since 1970."""
        with refusals("cannot read the rules"):
            answer = self._client.scan(TableName=self._name, Select="COUNT", Limit=1)
        return time_of(answer, self._client.meta.endpoint_url)

    def change(self, written: Sequence[Rule], deleted: Sequence[Rule]) -> None:
        """Write these rules and delete those."""
        changes: list[dict[str, Any]] = [
            {"Put": {"TableName": self._name, "Item": item_of(rule)}} for rule in written
        ]
        for rule in deleted:
            key = {"metric_name": {"S": rule.metric_name}, "rule_id": {"S": rule.rule_id}}
            changes.append({"Delete": {"TableName": self._name, "Key": key}})
        with refusals("cannot change the rules"):
            for begin in range(0, len(changes), _TRANSACTION_ITEMS):
                self._client.transact_write_items(TransactItems=changes[begin : begin + _TRANSACTION_ITEMS])


def left_out_lines(left_out: Mapping[str, KnownGroups]) -> list[str]:
    """A line for each rule that leaves groups out, with who made so many as far as that is known."""
    return [
        f"{key.split('/', 1)[0]}: about {note.left_out} groups over alerts.maximum_groups are not judged"
        + (f": {sanitize(str(note.explosion))}" if note.explosion else "")
        for key, note in left_out.items()
    ]
