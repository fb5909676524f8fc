"""`ops alerts silence`, `silences` and `unsilence` against the tables of a deployment."""

import getpass
import json
from typing import Any

import boto3
import pytest

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.adapters.dynamodb.silences_table import SilencesTable
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from ops import where
from ops.__main__ import main
from ops.rule_table import RuleTable
from ops.silence_table import SilenceTable
from ops.where import Place
from tests.support.alert_tables import ALERTS, RULES, SILENCES
from tests.support.rules import a_rule

NOW = 1_772_366_400  # 2026-03-01 12:00 UTC, a Sunday
RULE = a_rule(by=["host"], match={"env": "prod"}, severity="high")


@pytest.fixture(autouse=True)
def aws_time(deployment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time by the clock of AWS, which moto does not tell, a rule in force, and who is there."""
    for table in (RuleTable, SilenceTable):
        monkeypatch.setattr(table, "time_s", lambda _: NOW)
    monkeypatch.setattr(getpass, "getuser", lambda: "jo")
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(RULE))


def silences() -> list[Silence]:
    """The silences of the table."""
    return list(SilencesTable(boto3.client("dynamodb"), SILENCES).fresh().silences)


def test_a_silence_says_what_until_when_who_and_why(capsys: Any) -> None:
    """It begins at once, by AWS's clock."""
    assert (
        main(["alerts", "silence", "cpu-hot", "host=web-*", "--for", "2h", "--why", "disks are changed"]) == 0
    )
    [silence] = silences()
    assert (silence.from_s, silence.until_s, silence.created_s) == (NOW, NOW + 7_200, NOW)
    assert (str(silence.matcher), silence.why, silence.by) == (
        "rule=cpu-hot host=web-*",
        "disks are changed",
        "jo",
    )
    shown = capsys.readouterr().out
    assert f"silence {silence.silence_id}: rule=cpu-hot host=web-* (1 of 1 rule)" in shown
    assert "until 2026-03-01 14:00:00 UTC" in shown


def test_a_silence_may_recur_by_the_clocks_of_a_zone(capsys: Any) -> None:
    """Until somebody ends it, or until a time."""
    every = ["--every", "sun 02:00-04:00", "--zone", "Europe/Berlin", "--why", "backups"]
    assert main(["alerts", "silence", "severity=high", *every]) == 0
    assert main(["alerts", "silence", "severity=high", *every, "--until", "2026-12-31"]) == 0
    assert sorted(silence.until_s for silence in silences()) == [0, 1_798_671_600]
    shown = capsys.readouterr().out
    assert "next from 2026-03-08 01:00:00 to 2026-03-08 03:00:00 UTC, until it is ended" in shown


def test_an_account_is_asked_who_it_is_and_the_operator_whether(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """As somebody has to answer for what nobody hears."""
    monkeypatch.setattr(where, "place", lambda _: Place("account 1", local=False))
    words = ["alerts", "silence", "--all", "--until", "18:00", "--why", "migration"]
    assert main(words) == 1
    assert "add --yes" in capsys.readouterr().err
    assert not silences()
    assert main([*words, "--yes"]) == 0
    [silence] = silences()
    assert silence.by == "arn:aws:sts::123456789012:user/moto"
    assert silence.matcher.is_everything


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--for", "1h"], "no alert is named"),
        (["host=*", "--for", "1h"], "host=* matches every alert"),
        (["cpu-hto", "--for", "1h"], "no rule in force matches rule=cpu-hto; there are cpu-hot"),
        (["severity=low", "--for", "1h"], "no rule in force matches severity=low"),
        (["hots=web-1", "--for", "1h"], "hots=web-1; there are cpu-hot, by the dimensions env, host"),
        (["cpu-hot"], "for how long?"),
        (["cpu-hot", "--until", "2026-03-01T12:00"], "begins at 2026-03-01 12:00:00 UTC"),
        (["cpu-hot", "--until", "2028-03-01"], "at most 366 days"),
        (["cpu-hot", "--for", "1h", "--from", "2026-02-28"], "is past"),
        (["cpu-hot", "--for", "1h", "--every", "sat 02:00-04:00"], "--until"),
        (["cpu-hot", "--until", "2026-03-29T02:30", "--zone", "Europe/Berlin"], "skip that time"),
        (["cpu-hot", "--for", "1h", "--why", " \n"], "--why"),
        (["cpu-hot", "--for", "1h", "--why", "  "], "--why"),
        (["cpu-hot", "--for", "1h", "--why", ""], "--why"),
    ],
)
def test_what_would_silence_too_much_or_nothing_is_refused(words: list[str], said: str, capsys: Any) -> None:
    """Before anything is written."""
    why = [] if "--why" in words else ["--why", "because"]
    assert main(["alerts", "silence", *words, *why]) == 1
    assert said in capsys.readouterr().err
    assert not silences()


def test_silences_are_listed_with_what_each_does_now(capsys: Any) -> None:
    """Those that are over only if they are asked for, and a note of what is none."""
    for words in (["--for", "2h"], ["--for", "1h", "--from", "18:00"], ["--every", "sat 02:00-04:00"]):
        assert main(["alerts", "silence", "cpu-hot", *words, "--why", words[0][2:]]) == 0
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName=SILENCES, Item={"silence_id": {"S": "zz"}, "version": {"N": "9"}})
    first = next(silence.silence_id for silence in silences() if silence.from_s == NOW and not silence.window)
    capsys.readouterr()
    assert main(["alerts", "silences", "--format", "json"]) == 0
    output = capsys.readouterr()
    assert "1 item of the silences table cannot be read" in output.err
    assert "of a later version: zz\n" in output.err
    rows = json.loads(output.out)
    assert [row["state"] for row in rows] == ["holds", "from 2026-03-07 02:00:00", "from 2026-03-01 18:00:00"]
    assert main(["alerts", "unsilence", first]) == 0
    assert "ended" in capsys.readouterr().out
    assert main(["alerts", "silences", "--all", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in rows][-1] == "ended by jo"


def test_only_a_silence_that_is_there_can_be_ended(capsys: Any) -> None:
    """And none of the others is, if one is unknown."""
    assert main(["alerts", "silence", "cpu-hot", "--for", "2h", "--why", "because"]) == 0
    [silence] = silences()
    assert main(["alerts", "unsilence", silence.silence_id, "nobody"]) == 1
    assert "no silence nobody" in capsys.readouterr().err
    assert silences() == [silence]


def test_what_is_held_back_is_seen(capsys: Any) -> None:
    """In the list of alerts, and with the silence's reason in the explanation of one."""
    assert main(["alerts", "silence", "cpu-hot", "--for", "2h", "--why", "disks are changed"]) == 0
    [silence] = silences()
    alert = Alert(RULE.key, ("a",))
    update = AlertUpdate(None, alert)
    datapoint = Datapoint(NOW, Verdict.BREACHING, 3.0, 7)
    decision = decide(RULE, alert, [datapoint], NOW, NOW + 60, muted_by=silence.name)
    update.apply(decision, RULE, Origin("us-east-1", "dev"))
    assert AlertsTable(boto3.client("dynamodb"), ALERTS).save(update, None, NOW)
    capsys.readouterr()
    assert main(["alerts", "list", "--format", "json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["state"], row["to be sent"], row["muted by"]) == ("ALARM", 0, silence.name)
    assert main(["alerts", "show", "cpu-hot"]) == 0
    shown = capsys.readouterr().out
    assert f"muted by {silence.name} since 2026-03-01 12:01:00: receivers were told OK last" in shown
    assert "by jo, from 2026-03-01 12:00:00 until 2026-03-01 14:00:00 UTC: disks are changed" in shown
    assert "OK -> ALARM (muted): avg of cpu.load" in shown


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("sun 11:00-13:00", "holds from 2026-03-01 12:00:00 to 2026-03-01 13:00:00 UTC"),
        ("sun 13:00-14:00", "next from 2026-03-01 13:00:00 to 2026-03-01 14:00:00 UTC"),
    ],
)
def test_a_window_that_holds_already_says_so(every: str, said: str, capsys: Any) -> None:
    """Who silences in the middle of it must not think that it begins later."""
    assert main(["alerts", "silence", "cpu-hot", "--every", every, "--why", "backups"]) == 0
    assert said in capsys.readouterr().out
