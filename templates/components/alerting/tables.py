"""The tables of the alerts: rules, silences, the windows of the last hours, and the alerts themselves."""

from dataclasses import dataclass

from awacs import dynamodb
from awacs.aws import Action, Statement
from troposphere import GetAtt, Ref, Template
from troposphere.dynamodb import Table

from handlers.vocabulary import (
    ALERT_RULES_KEY,
    ALERT_WINDOWS_KEY,
    ALERTS_KEY,
    OPEN_INDEX,
    OPEN_KEY,
    SILENCES_KEY,
)
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.table import Index, add_table, index_arn

# Only alerts that are not healthy have its hash key, so the healthy ones cost nothing here.
_OPEN = Index(OPEN_INDEX, OPEN_KEY)


@dataclass(frozen=True)
class AlertTables:
    """The tables, and the grants of those that use them."""

    rules: Table
    windows: Table
    alerts: Table
    silences: Table
    key: Key

    def read_rules(self) -> list[Statement]:
        """The grant to read all rules."""
        return [allow([dynamodb.Scan], [_arn(self.rules)], Sid="ReadRules"), self.key.decrypt("dynamodb")]

    def read_silences(self) -> list[Statement]:
        """The grant to read all silences."""
        scan = allow([dynamodb.Scan], [_arn(self.silences)], Sid="ReadSilences")
        return [scan, self.key.decrypt("dynamodb")]

    def follow_rules(self) -> list[Statement]:
        """The grant to follow the changes of the rules, as an event source mapping does with the function's role."""
        actions = [dynamodb.DescribeStream, dynamodb.GetRecords, dynamodb.GetShardIterator]
        return [
            allow(actions, [self.rules.get_att("StreamArn")], Sid="FollowRules"),
            # Lambda asks for it, and no resource can be named: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
            allow([dynamodb.ListStreams], ["*"], Sid="ListStreams"),
            self.key.decrypt("dynamodb"),
        ]

    def write_windows(self) -> list[Statement]:
        """The grant to cut and write windows, and to claim a tick; a transaction needs the rights of what it puts."""
        actions = [dynamodb.DeleteItem, dynamodb.GetItem, dynamodb.PutItem, dynamodb.UpdateItem]
        return [allow(actions, [_arn(self.windows)], Sid="WriteWindows"), self.key.decrypt("dynamodb")]

    def read_windows(self) -> list[Statement]:
        """The grant to read windows, to claim ticks, and to note how far evaluations are and which groups are known."""
        actions = [dynamodb.GetItem, dynamodb.Query, dynamodb.UpdateItem]
        return [allow(actions, [_arn(self.windows)], Sid="ReadWindows"), self.key.decrypt("dynamodb")]

    def read_write_alerts(self) -> list[Statement]:
        """The grant to find the open alerts and those of a rule, and to read and write alerts."""
        return [
            *self.close_alerts(),
            allow([dynamodb.Query], [index_arn(self.alerts, _OPEN)], Sid="FindOpenAlerts"),
        ]

    def close_alerts(self) -> list[Statement]:
        """The grant to find the alerts of a rule, and to read and write alerts."""
        return self._keep_alerts(dynamodb.Query)

    def _keep_alerts(self, *more: Action) -> list[Statement]:
        actions = [dynamodb.BatchGetItem, *more, dynamodb.UpdateItem]
        return [allow(actions, [_arn(self.alerts)], Sid="KeepAlerts"), self.key.decrypt("dynamodb")]

    def read_alerts(self) -> list[Statement]:
        """The grant to read alerts by their keys."""
        return [
            allow([dynamodb.BatchGetItem], [_arn(self.alerts)], Sid="ReadAlerts"),
            self.key.decrypt("dynamodb"),
        ]

    def confirm_notifications(self) -> list[Statement]:
        """The grant to claim and confirm notifications in the alerts' outboxes."""
        return [
            allow([dynamodb.UpdateItem], [_arn(self.alerts)], Sid="ConfirmNotifications"),
            self.key.decrypt("dynamodb"),
        ]


def add_alert_tables(template: Template, platform: Platform) -> AlertTables:
    """Rules, silences and alerts, which outlive the stack, and the windows of the last hours, which do not."""
    key_arn = platform.key.arn
    rules = add_table(template, "AlertRulesTable", key=ALERT_RULES_KEY, key_arn=key_arn, streams=True)
    windows = add_table(
        template, "AlertWindowsTable", key=ALERT_WINDOWS_KEY, key_arn=key_arn, expires=True, retained=False
    )
    alerts = add_table(template, "AlertsTable", key=ALERTS_KEY, key_arn=key_arn, index=_OPEN, expires=True)
    silences = add_table(template, "AlertSilencesTable", key=SILENCES_KEY, key_arn=key_arn, expires=True)
    add_outputs(
        template,
        ("RulesTableName", Ref(rules), "The alert rules, which `ops rules` applies"),
        ("AlertsTableName", Ref(alerts), "The alerts with their datapoints and history"),
        ("AlertSilencesTableName", Ref(silences), "The silences of alerts, which `ops alerts silence` makes"),
        ("AlertWindowsTableName", Ref(windows), "How far alerts are evaluated, and which groups are known"),
    )
    return AlertTables(rules, windows, alerts, silences, platform.key)


def _arn(table: Table) -> GetAtt:
    return table.get_att("Arn")
