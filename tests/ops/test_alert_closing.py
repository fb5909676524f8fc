"""`ops alerts close` against the tables of a deployment."""

from typing import Any

import boto3
import pytest

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from handlers.vocabulary import AlertState
from ops.__main__ import main
from ops.errors import OperatorError
from ops.rule_table import RuleTable
from tests.support.alert_tables import ALERTS, RULES
from tests.support.rules import a_rule

NOW = 1_763_769_600
RULE = a_rule(by=["host", "disk"])

pytestmark = pytest.mark.usefixtures("deployment")


@pytest.fixture(autouse=True)
def aws_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time by the clock of AWS, which moto does not tell."""
    monkeypatch.setattr(RuleTable, "time_s", lambda _: NOW + 300)


def table() -> AlertsTable:
    """The table of the alerts."""
    return AlertsTable(boto3.client("dynamodb"), ALERTS)


def fire(*group: str | None) -> None:
    """An alert of the rule that fires."""
    alert = Alert(RULE.key, group)
    update = AlertUpdate(alert, alert)
    datapoint = Datapoint(NOW, Verdict.BREACHING, 3.0, 7)
    update.apply(decide(RULE, alert, [datapoint], NOW, NOW + 60), RULE, Origin("us-east-1", "dev"))
    assert table().save(update, None, NOW)


def stored(*group: str | None) -> StoredAlert:
    """The alert of a group."""
    [found] = table().load([AlertKey(RULE.key, group_key(group))])
    return found


def put_rule() -> None:
    """The rule, in the table of rules."""
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(RULE))


def test_the_alert_of_a_group_is_closed_and_its_silence_is_none(capsys: Any) -> None:
    """The alert is resolved with that reason, to be told, and no period that began before is judged."""
    fire("a", None)
    fire("b", "x")
    assert main(["alerts", "close", "cpu-hot", "a", ""]) == 0
    closed = stored("a", None)
    assert (closed.alert.state, closed.alert.judged_from_s) == (AlertState.OK, NOW + 300)
    [entry] = closed.outbox.unconfirmed
    assert (entry.notification.body["kind"], entry.notification.body["untold"]) == ("resolved", 1)
    assert entry.notification.body["reason"] == "closed by an operator"
    assert stored("b", "x").alert.state == AlertState.ALARM
    output = capsys.readouterr().out
    assert "closed cpu-hot/cpu.load host=a without disk, which was ALARM" in output
    assert "told with the next evaluation" in output


def test_without_a_group_all_open_alerts_of_the_rule_are_closed(capsys: Any) -> None:
    """Those of other rules stay, and a second time there is nothing to close."""
    put_rule()
    fire("a", "x")
    fire("b", "x")
    assert main(["alerts", "close", "cpu-hot"]) == 0
    assert {stored(host, "x").alert.state for host in ("a", "b")} == {AlertState.OK}
    assert main(["alerts", "close", "cpu-hot"]) == 1
    assert "no alert of cpu-hot is open" in capsys.readouterr().err


def test_a_group_without_an_alert_is_forgotten(capsys: Any) -> None:
    """A healthy host that is about to be taken down never goes missing."""
    put_rule()
    assert main(["alerts", "close", "cpu-hot", "a", "x"]) == 0
    found = stored("a", "x")
    assert (found.alert.is_quiet, found.alert.judged_from_s) == (True, NOW + 300)
    assert table().open_keys() == []
    assert "forgot a x of cpu-hot, which had no alert" in capsys.readouterr().out
    assert main(["alerts", "close", "cpu-hot", "a", "x"]) == 0


def test_what_is_no_group_is_refused(capsys: Any) -> None:
    """Unknown rules and the wrong number of values are named, with those there are."""
    put_rule()
    assert main(["alerts", "close", "hot"]) == 1
    assert "no such rule; there are cpu-hot" in capsys.readouterr().err
    assert main(["alerts", "close", "cpu-hot", "a"]) == 1
    assert "cpu-hot groups by host, disk, so 1 value is no group of it" in capsys.readouterr().err


def test_an_account_is_asked_for(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without consent nothing is closed."""
    fire("a", "x")
    monkeypatch.setattr("ops.alert_closing.consent.expect", _refuse)
    assert main(["alerts", "close", "cpu-hot"]) == 1
    assert "close 1 alert of cpu-hot" in capsys.readouterr().err
    assert stored("a", "x").alert.state == AlertState.ALARM


def _refuse(_: object, doing: str) -> None:
    raise OperatorError(doing)
