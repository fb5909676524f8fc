"""The sample rule of the local run, and how its notifications are shown."""

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.rules_table import RulesTable
from local import sample_alert
from templates import config


def test_the_sample_rule_is_in_force_in_every_environments_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule file is valid for the default environment, and the rules table has it as `ops rules apply` would."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="rules",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("metric_name", "rule_id")
            ],
            KeySchema=[
                {"AttributeName": "metric_name", "KeyType": "HASH"},
                {"AttributeName": "rule_id", "KeyType": "RANGE"},
            ],
        )
        tick = config.load("dev").alerts.tick_seconds
        sample_alert.put_in_force(dynamodb, "rules", tick_seconds=tick, now_s=1_763_769_600)
        (rule,) = RulesTable(dynamodb, "rules").fresh().rules
    assert rule.metric_name == "demo.temperature"
    assert rule.metric_name in sample_alert.TRIP


def test_a_notification_is_one_line_without_control_characters() -> None:
    """What a client put into a dimension cannot move the terminal's cursor."""
    body = {"kind": "alarm", "rule": {"rule_id": "r"}, "group": {"room": "a\x1b[2J\n"}, "reason": "hot"}
    shown = sample_alert.line(body)
    assert shown == "alert alarm: r (room=a�[2J�): hot"
