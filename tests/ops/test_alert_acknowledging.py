"""`ops alerts ack` against the tables of a deployment."""

import getpass
import json
from typing import Any

import boto3
import pytest

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import Acknowledgement, Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from ops.__main__ import main
from ops.rule_table import RuleTable
from tests.support.alert_tables import ALERTS
from tests.support.rules import a_rule

NOW = 1_763_769_600
RULE = a_rule(by=["host"])


@pytest.fixture(autouse=True)
def two_that_fire(deployment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two alerts of a rule that fire, the time by the clock of AWS, which moto does not tell, and who is there."""
    monkeypatch.setattr(RuleTable, "time_s", lambda _: NOW + 300)
    monkeypatch.setattr(getpass, "getuser", lambda: "jo")
    for host in ("a", "b"):
        save(AlertUpdate(None, Alert(RULE.key, (host,))), 3.0, NOW)


def save(update: AlertUpdate, value: float, start_s: int, known: StoredAlert | None = None) -> None:
    """What an evaluation writes after a period."""
    verdict = Verdict.BREACHING if value > 2 else Verdict.RECOVERED
    datapoint = Datapoint(start_s, verdict, value, 7)
    decision = decide(RULE, update.alert, [datapoint], start_s, start_s + 60)
    update.apply(decision, RULE, Origin("us-east-1", "dev"))
    assert table().save(update, known, start_s)


def table() -> AlertsTable:
    """The table of the alerts."""
    return AlertsTable(boto3.client("dynamodb"), ALERTS)


def stored(host: str) -> StoredAlert:
    """The alert of a group."""
    [found] = table().load([AlertKey(RULE.key, group_key((host,)))])
    return found


def test_an_alert_is_acknowledged_with_who_and_why(capsys: Any) -> None:
    """It is seen where alerts are listed and explained; what is to be sent of it stays."""
    assert main(["alerts", "ack", "cpu-hot", "a", "--why", "on it"]) == 0
    assert "acknowledged cpu-hot/cpu.load host=a, ALARM" in capsys.readouterr().out
    assert stored("a").alert.acknowledged == Acknowledgement("jo", "on it", NOW + 300)
    assert len(stored("a").outbox.unconfirmed) == 1
    assert stored("b").alert.acknowledged is None
    assert main(["alerts", "list", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["acknowledged by"] for row in rows] == ["jo", None]
    assert main(["alerts", "show", "cpu-hot", "a"]) == 0
    shown = capsys.readouterr().out
    assert (
        "acknowledged by jo at 2025-11-22 00:05:00, so there are no reminders until it is over: on it"
        in shown
    )


def test_all_that_fire_are_acknowledged_and_reminded_of_again() -> None:
    """Where no group is named."""
    assert main(["alerts", "ack", "cpu-hot"]) == 0
    assert {stored(host).alert.acknowledged for host in "ab"} == {Acknowledgement("jo", "", NOW + 300)}
    assert main(["alerts", "ack", "cpu-hot", "--undo"]) == 0
    assert {stored(host).alert.acknowledged for host in "ab"} == {None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cpu-hot", "c"], "no alert of cpu-hot c fires in us-east-1"),
        (["cpu-cold"], "no alert of cpu-cold fires"),
        (["cpu-hot", "--undo"], "no alert of cpu-hot is acknowledged"),
        (["cpu-hot", "--why", "a\nb"], "--why"),
        (["cpu-hot", "--why", "x" * 501], "--why"),
    ],
)
def test_what_does_not_fire_cannot_be_acknowledged(words: list[str], said: str, capsys: Any) -> None:
    """Nothing is written then."""
    assert main(["alerts", "ack", *words]) == 1
    assert said in capsys.readouterr().err
    assert stored("a").version == 1


def test_an_evaluation_at_the_same_time_is_not_lost() -> None:
    """The acknowledgement is of the alert as it is then, and not of one that is over by then."""
    resolver, by = Resolver(table(), Origin("us-east-1", "dev")), Acknowledgement("jo", "", NOW)
    seen = stored("a")
    save(AlertUpdate(seen.alert, seen.alert), 4.0, NOW + 60, seen)
    assert resolver.acknowledge(seen, by, NOW)
    after = stored("a").alert
    assert (after.acknowledged, after.datapoints[-1].value) == (by, 4.0)
    now = stored("a")
    save(AlertUpdate(now.alert, now.alert), 1.0, NOW + 120, now)
    assert not resolver.acknowledge(now, by, NOW)
