"""`ops alerts` against the tables of a deployment."""

from dataclasses import replace
from typing import Any

import boto3
import pytest

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.domain.alerts.evaluation.hour_summary import sum_up
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.state.alert import SUMMARY_GROUP, Alert, Datapoint, Verdict
from handlers.domain.alerts.state.message_cap import MessageBudget
from handlers.domain.alerts.state.protocol import decide
from handlers.vocabulary import AlertState
from ops.__main__ import main
from tests.support.alert_tables import ALERTS
from tests.support.rules import a_rule

START = 1_763_769_600


def fire() -> None:
    """An alert that fires, in the table."""
    rule = a_rule(by=["host"], unless="net-down")
    alert = Alert(rule.key, ("a\x1b[2J",))
    update = AlertUpdate(alert, alert)
    datapoint = Datapoint(START, Verdict.BREACHING, 3.0, 7, late=True, sources=("shard#1-2#1/1",))
    update.apply(decide(rule, alert, [datapoint], START, START + 60), rule, Origin("us-east-1", "dev"))
    assert AlertsTable(boto3.client("dynamodb"), ALERTS).save(update, None, START)


@pytest.mark.usefixtures("deployment")
def test_alerts_are_listed(capsys: Any) -> None:
    """State, rule, group and value; what clients sent cannot move the terminal's cursor."""
    fire()
    assert main(["alerts", "list"]) == 0
    output = capsys.readouterr().out
    assert "ALARM" in output
    assert "\x1b[2J" not in output
    assert "(1 alert)" in output


@pytest.mark.usefixtures("deployment")
def test_what_a_cap_and_a_hold_do_is_explained(capsys: Any) -> None:
    """An alert that is held back, one that is held, and the summary say so, each in its words."""
    rule = a_rule(by=["host"], hold=3_600, messages_per_hour=1)
    table, origin = AlertsTable(boto3.client("dynamodb"), ALERTS), Origin("us-east-1", "dev")
    budget, updates = MessageBudget.of(rule, (), START + 60), []
    for host in "ab":
        update = AlertUpdate(None, Alert(rule.key, (host,)))
        for minute, verdict in enumerate((Verdict.BREACHING, Verdict.RECOVERED)):
            start_s = START + 60 * minute
            item = Datapoint(start_s, verdict, 3.0, 7)
            update.apply(
                budget.decide(rule, update.alert, [item], start_s, start_s + 60, muted_by=""), rule, origin
            )
        updates.append(update)
    summary = AlertUpdate(None, Alert(rule.key, SUMMARY_GROUP))
    sum_up(rule, summary, [update.alert for update in updates], START + 3_600, origin)
    for update in (*updates, summary):
        assert table.save(update, None, START)
    assert main(["alerts", "list"]) == 0
    listed = capsys.readouterr().out
    assert "messages_per_hour" in listed
    assert "(summary of what messages_per_hour holds back)" in listed
    assert main(["alerts", "show", "cpu-hot"]) == 0
    output = capsys.readouterr().out
    for words in (
        "held back by messages_per_hour since 2025-11-22 00:01:00",
        "receivers were told OK last, and of this in the summary of the hour",
        "and 3600 s after the last that did or was missing; missing data: ignore; 1 message an hour",
        "it has recovered, and is held until 2025-11-22 01:01:00",
        "tells at each full hour what messages_per_hour, 1, held back",
        "OK -> ALARM (muted): ",
        "1 further alarm of cpu-hot from 2025-11-22T00:00:00Z",
    ):
        assert words in output, words


@pytest.mark.usefixtures("deployment")
def test_an_alert_is_explained(capsys: Any) -> None:
    """Values per period, threshold, partials, lateness, history and the message on its way are all there."""
    fire()
    assert main(["alerts", "show", "cpu-hot"]) == 0
    output = capsys.readouterr().out
    for words in (
        "ALARM since 2025-11-22 00:01:00",
        "fires when avg > 2.0 in 1 of 1 periods of 60 s",
        "missing data: ignore; nothing is sent while net-down fires\n",
        "breaching  3 (7 points)  late\n",
        "OK -> ALARM (alarm, by points that came late)",
        "not confirmed yet",
    ):
        assert words in output


@pytest.mark.usefixtures("deployment")
def test_ranges_of_the_stream_are_for_those_who_ask(capsys: Any) -> None:
    """They are long, and say nothing to whoever wants to know why an alert fires."""
    fire()
    main(["alerts", "show", "cpu-hot"])
    assert "shard#" not in capsys.readouterr().out
    main(["alerts", "show", "cpu-hot", "-v"])
    assert "late  shard#1-2#1/1" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_an_alert_that_is_over_is_not_among_the_open_ones(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages of it may be on their way, which a note says; `--all` shows it."""
    fire()
    table = AlertsTable(boto3.client("dynamodb"), ALERTS)
    [stored] = table.load(table.open_keys())
    over = replace(stored, alert=replace(stored.alert, state=AlertState.OK))
    monkeypatch.setattr(AlertsTable, "load", lambda *_: [over])
    assert main(["alerts", "list"]) == 0
    shown = capsys.readouterr()
    assert "(0 alerts)" in shown.out
    assert "messages of alerts that are over (1) are on their way; --all shows them" in shown.err
    main(["alerts", "list", "--all"])
    assert "(1 alert)" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_an_alert_that_is_not_there_is_explained_too(capsys: Any) -> None:
    """No item means healthy, or no data; the answer says so."""
    assert main(["alerts", "show", "cpu-hot", "a"]) == 1
    assert "its groups were healthy in the last month, or it saw no data" in capsys.readouterr().err
