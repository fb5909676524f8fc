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


BODY = {
    "kind": "alarm",
    "severity": "high",
    "rule": {"rule_id": "r"},
    "group": {"room": "a\x1b[2J\n"},
    "since": "2026-01-01T08:01:00Z",
    "reason": "max is 95",
    "annotation": "it burns",
}


def test_a_notification_is_one_line_without_control_characters() -> None:
    """With its own words and why; what a client put into a dimension cannot move the terminal's cursor."""
    assert sample_alert.line(BODY) == "alert alarm: HIGH r (room=a�[2J�) since 08:01:00: it burns: max is 95"
    plain = sample_alert.line({**BODY, "annotation": "", "group": {}})
    assert plain == "alert alarm: HIGH r (all) since 08:01:00: max is 95"


def test_the_summary_of_a_rule_is_no_alert_of_all_its_groups() -> None:
    """A rule without `by` has an alert of its own beside the summary of what its cap held back."""
    summary = sample_alert.open_alert({**BODY, "group": {}, "summary": {"alarms": 3}})
    alone = sample_alert.open_alert({**BODY, "group": {}})
    assert (summary.group, alone.group) == ("what was held back", "all")


def test_alerts_are_open_until_they_are_resolved() -> None:
    """By what was told: an alert once, with its newest words."""
    with mock_aws():
        sqs, sns = (boto3.client(name, region_name="us-east-1") for name in ("sqs", "sns"))
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        told = sample_alert.Notifications(sqs, sns, topic_arn=topic, tell=lambda _: None)
    for kind, text in (("alarm", "one"), ("reminder", "two")):
        told._take({**BODY, "kind": kind, "annotation": text})
    told._take({**BODY, "rule": {"rule_id": "other"}})
    assert [(alert.rule_id, alert.text) for alert in told.open_alerts] == [
        ("r", "two"),
        ("other", "it burns"),
    ]
    told._take({**BODY, "kind": "resolved"})
    assert [alert.rule_id for alert in told.open_alerts] == ["other"]
