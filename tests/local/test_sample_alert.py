"""The sample rule of the local run, and how its notifications are shown."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.rules_table import RulesTable
from local import sample_alert
from templates import config


def test_the_sample_rule_is_in_force_in_every_environments_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule file is valid for the default environment, and its rule is in force as soon as the run is up."""
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
        assert not sample_alert.put_in_force(dynamodb, "rules", tick_seconds=tick)
        (rule,) = RulesTable(dynamodb, "rules").fresh().rules
    assert rule.metric_name == "demo.temperature"
    assert rule.metric_name in sample_alert.TRIP
    assert rule.in_force_since_s == 0, "the period in which the run begins is judged"


def test_a_sample_rule_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    """Somebody who edits it sees why nothing fires."""
    (tmp_path / "demo.yaml").write_text("rules:\n  - rule_id: Hot\n")
    mistakes = sample_alert.put_in_force(None, "rules", tick_seconds=60, path=tmp_path / "demo.yaml")
    assert any("demo.yaml:2: rule_id: 'Hot'" in str(mistake) for mistake in mistakes)


def test_a_notification_is_one_line_without_control_characters() -> None:
    """What a client put into a dimension cannot move the terminal's cursor."""
    body = {"kind": "alarm", "rule": {"rule_id": "r"}, "group": {"room": "a\x1b[2J\n"}, "reason": "hot"}
    shown = sample_alert.line(body)
    assert shown == "alert alarm: r (room=a�[2J�): hot"
