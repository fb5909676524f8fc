"""A rule to see alerts at work in the local run, and what the alert topic's subscribers would get."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.adapters.dynamodb.rules_table import item_of
from local.repeated import Repeated
from local.view.reading import OpenAlert
from ops.bundle import ROOT
from ops.output import sanitize
from ops.rule_files import Mistake, read_rule_files

_RULES = ROOT / "alerts" / "demo.yaml"
_WAIT_SECONDS = 0.5

TRIP = (
    "-H 'content-type: application/json' "
    """-d '{"metric_name": "demo.temperature", "value": 95, "dimensions": {"room": "attic"}}'"""
)
"""What makes curl trip the rule."""


def put_in_force(dynamodb: Any, table: str, *, tick_seconds: int, path: Path = _RULES) -> Sequence[Mistake]:
    """Write the sample's rules to the rules table, and give the mistakes in those that cannot be.

    They are in force from the beginning, and not half a minute later as with `ops rules apply`: no point came before.
    """
    found = read_rule_files([path], tick_seconds)
    for filed in found.rules:
        dynamodb.put_item(TableName=table, Item=item_of(filed.rule))
    return found.mistakes


class Notifications(Repeated):
    """A queue of our own that subscribes to the alert topic, read by a thread that tells of each message.

    `open_alerts` are those that fire, by what was told so far.
    """

    def __init__(self, sqs: Any, sns: Any, *, topic_arn: str, tell: Callable[[str], None]) -> None:
        super().__init__("notifications", every_s=_WAIT_SECONDS)
        self._sqs, self._tell = sqs, tell
        self._open: dict[tuple[str, str], OpenAlert] = {}
        self._queue = sqs.create_queue(QueueName="local-run-notifications")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    @property
    def open_alerts(self) -> Sequence[OpenAlert]:
        """The alerts that fire, the oldest first."""
        return tuple(self._open.values())

    def _take(self, body: dict[str, Any]) -> None:
        alert = open_alert(body)
        key = (alert.rule_id, alert.group)
        if body["kind"] == "resolved":
            self._open.pop(key, None)
        else:
            self._open[key] = alert

    def once(self) -> None:
        """Pass on the messages that are there, ten at most."""
        try:
            answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        except (ClientError, BotoCoreError):
            return  # the run is ending, or a fault was asked for: the message stays in the queue
        for message in answer.get("Messages", []):
            body = json.loads(message["Body"])
            self._take(body)
            self._tell(line(body))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])


def line(body: dict[str, Any]) -> str:
    """One notification as one line; what clients wrote is shown without control characters."""
    alert = open_alert(body)
    said = f"{alert.text}: {sanitize(body['reason'])}" if body.get("annotation") else alert.text
    return f"alert {body['kind']}: {alert.severity.upper()} {alert.rule_id} ({alert.group}) since {alert.since}: {said}"


def open_alert(body: dict[str, Any]) -> OpenAlert:
    """The alert that a notification is about: its annotation, or why it fires where it has none."""
    group = ", ".join(f"{name}={value}" for name, value in body["group"].items())
    if "summary" in body:
        group = "what was held back"
    return OpenAlert(
        rule_id=sanitize(body["rule"]["rule_id"]),
        group=sanitize(group or "all"),
        severity=sanitize(body["severity"]),
        since=f"{datetime.fromisoformat(body['since']):%H:%M:%S}",
        text=sanitize(body.get("annotation") or body["reason"]),
    )
