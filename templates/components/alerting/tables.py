"""The tables of the alerts: rules, the evidence of the last hours, and the alerts themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awacs import dynamodb
from awacs.aws import Statement
from troposphere import GetAtt, Ref, Sub, Template
from troposphere.dynamodb import (
    AttributeDefinition,
    GlobalSecondaryIndex,
    KeySchema,
    PointInTimeRecoverySpecification,
    Projection,
    SSESpecification,
    StreamSpecification,
    Table,
    TimeToLiveSpecification,
)

from handlers.vocabulary import (
    ALERT_RULES_KEY,
    ALERT_WINDOWS_KEY,
    ALERTS_KEY,
    EXPIRES_AT,
    OPEN_INDEX,
    OPEN_KEY,
)
from templates.components.key import Key
from templates.constructs.policy import allow

_EXPIRES = TimeToLiveSpecification(AttributeName=EXPIRES_AT, Enabled=True)
_RECOVERABLE = PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True)


@dataclass(frozen=True)
class AlertTables:
    """The tables, and what each use of them takes."""

    rules: Table
    windows: Table
    alerts: Table
    key: Key

    @property
    def rules_stream(self) -> GetAtt:
        """The ARN of the rules' stream of changes."""
        return self.rules.get_att("StreamArn")

    @property
    def rules_name(self) -> Ref:
        """The rules table's name."""
        return Ref(self.rules)

    @property
    def windows_name(self) -> Ref:
        """The windows table's name."""
        return Ref(self.windows)

    @property
    def alerts_name(self) -> Ref:
        """The alerts table's name."""
        return Ref(self.alerts)

    def read_rules(self) -> list[Statement]:
        """Read all rules."""
        return [allow([dynamodb.Scan], [_arn(self.rules)], Sid="ReadRules"), self.key.decrypt("dynamodb")]

    def follow_rules(self) -> list[Statement]:
        """Follow the changes of the rules, as an event source mapping does with the function's role."""
        actions = [
            dynamodb.DescribeStream,
            dynamodb.GetRecords,
            dynamodb.GetShardIterator,
            dynamodb.ListStreams,
        ]
        return [allow(actions, [self.rules_stream], Sid="FollowRules"), self.key.decrypt("dynamodb")]

    def write_windows(self) -> list[Statement]:
        """Write evidence, and claim a tick or give it back. A transaction needs the rights of what it puts."""
        actions = [dynamodb.DeleteItem, dynamodb.PutItem, dynamodb.UpdateItem]
        return [allow(actions, [_arn(self.windows)], Sid="WriteWindows"), self.key.decrypt("dynamodb")]

    def read_windows(self) -> list[Statement]:
        """Read evidence, claim ticks and mark them as evaluated."""
        actions = [dynamodb.BatchGetItem, dynamodb.Query, dynamodb.UpdateItem]
        return [allow(actions, [_arn(self.windows)], Sid="ReadWindows"), self.key.decrypt("dynamodb")]

    def keep_alerts(self) -> list[Statement]:
        """Find the alerts that matter, read and write them."""
        actions = [dynamodb.BatchGetItem, dynamodb.Query, dynamodb.UpdateItem]
        index = Sub(f"${{Alerts}}/index/{OPEN_INDEX}", Alerts=_arn(self.alerts))
        return [
            allow(actions, [_arn(self.alerts)], Sid="KeepAlerts"),
            allow([dynamodb.Query], [index], Sid="FindOpenAlerts"),
            self.key.decrypt("dynamodb"),
        ]

    def confirm_notifications(self) -> list[Statement]:
        """Claim and confirm notifications in the alerts' outboxes."""
        return [
            allow([dynamodb.UpdateItem], [_arn(self.alerts)], Sid="ConfirmNotifications"),
            self.key.decrypt("dynamodb"),
        ]


def add_alert_tables(template: Template, *, key: Key) -> AlertTables:
    """Rules and alerts outlive the stack; evidence of the last hours does not."""
    rules = _add_table(
        template,
        "AlertRulesTable",
        ALERT_RULES_KEY,
        key=key,
        # Both images: what a rule was says which alerts to resolve, what it is whether that is needed.
        StreamSpecification=StreamSpecification(StreamViewType="NEW_AND_OLD_IMAGES"),
        PointInTimeRecoverySpecification=_RECOVERABLE,
        **_KEPT,
    )
    windows = _add_table(
        template,
        "AlertWindowsTable",
        ALERT_WINDOWS_KEY,
        key=key,
        TimeToLiveSpecification=_EXPIRES,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )
    alerts = _add_table(
        template,
        "AlertsTable",
        ALERTS_KEY,
        key=key,
        others=OPEN_KEY[:1],
        TimeToLiveSpecification=_EXPIRES,
        PointInTimeRecoverySpecification=_RECOVERABLE,
        GlobalSecondaryIndexes=[
            # Only alerts that are not healthy have the attribute, so the healthy ones cost nothing here.
            GlobalSecondaryIndex(
                IndexName=OPEN_INDEX,
                KeySchema=_keys(OPEN_KEY),
                Projection=Projection(ProjectionType="KEYS_ONLY"),
            )
        ],
        **_KEPT,
    )
    return AlertTables(rules, windows, alerts, key)


_KEPT: Mapping[str, Any] = {
    "DeletionPolicy": "RetainExceptOnCreate",
    "UpdateReplacePolicy": "Retain",
}


def _add_table(
    template: Template,
    title: str,
    names: tuple[str, str],
    *,
    key: Key,
    others: Sequence[str] = (),
    **properties: Any,
) -> Table:
    return template.add_resource(
        Table(
            title,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                AttributeDefinition(AttributeName=name, AttributeType="S") for name in (*names, *others)
            ],
            KeySchema=_keys(names),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key.arn),
            **properties,
        )
    )


def _keys(names: tuple[str, str]) -> list[KeySchema]:
    return [
        KeySchema(AttributeName=name, KeyType=kind)
        for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
    ]


def _arn(table: Table) -> GetAtt:
    return table.get_att("Arn")
