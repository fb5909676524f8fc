"""`ops rules` and `ops alerts` against the tables of a deployment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import RulesTable, item_of
from handlers.domain.alerts.evaluation.rule_evaluation import Changed
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.state.alert import Alert, Judged, Verdict
from handlers.domain.alerts.state.protocol import decide
from ops import rules
from ops.__main__ import main
from ops.errors import OperatorError
from ops.stack import Target
from tests.ops.test_rule_files import GOOD
from tests.support.alert_tables import ALERTS, RULES, create_alert_tables
from tests.support.rules import a_rule

START = 1_763_769_600


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack whose outputs name empty tables."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    outputs = {
        "RulesTableName": RULES, "AlertsTableName": ALERTS, "DimensionsTableName": "dimensions", "TableName": "metrics",
    }  # fmt: skip
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    monkeypatch.setattr(rules, "_arriving", lambda _target, names: names - {"cpu.silent"})
    with mock_aws():
        create_alert_tables()
        boto3.client("dynamodb").create_table(
            TableName="dimensions",
            KeySchema=[{"AttributeName": "table_name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "table_name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def in_force() -> list[Any]:
    """The rules of the table."""
    return list(RulesTable(boto3.client("dynamodb"), RULES).rules().rules)


def a_file(tmp_path: Path, text: str = GOOD) -> str:
    """A rule file."""
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.usefixtures("deployment")
def test_applying_puts_the_files_rules_into_force(tmp_path: Path, capsys: Any) -> None:
    """New rules are added, and count from now on; applying them again changes nothing."""
    assert main(["rules", "apply", a_file(tmp_path)]) == 0
    [rule] = in_force()
    assert rule.rule_id == "hot"
    assert rule.in_force_since > START
    assert "+ hot: avg of cpu.load > 90" in capsys.readouterr().out
    assert main(["rules", "apply", a_file(tmp_path)]) == 0
    assert "0 to add, 0 to change, 0 to delete, 1 unchanged" in capsys.readouterr().out
    assert in_force() == [rule]


@pytest.mark.usefixtures("deployment")
def test_a_plan_shows_each_field_that_changes_and_changes_none(tmp_path: Path, capsys: Any) -> None:
    """Old and new values stand beside each other."""
    main(["rules", "apply", a_file(tmp_path)])
    before = in_force()
    assert main(["rules", "plan", a_file(tmp_path, GOOD.replace("90", "95"))]) == 0
    output = capsys.readouterr().out
    assert "~ hot\n    threshold: 90.0 -> 95.0\n" in output
    assert in_force() == before


@pytest.mark.usefixtures("deployment")
def test_a_bad_file_changes_nothing(tmp_path: Path, capsys: Any) -> None:
    """Good rules beside a bad one are not applied either, and the mistake is told with its place."""
    text = GOOD + GOOD.removeprefix("rules:\n").replace("hot", "cold").replace("avg", "p99")
    assert main(["rules", "apply", a_file(tmp_path, text)]) == 1
    error = capsys.readouterr().err
    assert "nothing was changed" in error
    assert "rules.yaml:9: statistic: 'p99'" in error
    assert in_force() == []


@pytest.mark.usefixtures("deployment")
def test_rules_in_no_file_are_deleted_only_when_asked(tmp_path: Path, capsys: Any) -> None:
    """`--prune` makes the files the whole truth; without it they add and change."""
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(a_rule(rule_id="other")))
    main(["rules", "apply", a_file(tmp_path)])
    assert {rule.rule_id for rule in in_force()} == {"hot", "other"}
    main(["rules", "apply", "--prune", a_file(tmp_path)])
    assert {rule.rule_id for rule in in_force()} == {"hot"}
    assert "- other (cpu.load)" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_a_rule_that_moves_to_another_metric_leaves_no_twin(tmp_path: Path) -> None:
    """One id is one rule, although the table's key has the metric in it."""
    main(["rules", "apply", a_file(tmp_path)])
    main(["rules", "apply", a_file(tmp_path, GOOD.replace("cpu.load", "cpu.other"))])
    assert [rule.metric_name for rule in in_force()] == ["cpu.other"]


@pytest.mark.usefixtures("deployment")
def test_dimensions_that_no_point_ever_had_are_pointed_out(tmp_path: Path, capsys: Any) -> None:
    """A misspelled `by` or `match` is noticed when the rule is applied, without keeping it from coming first."""
    boto3.client("dynamodb").put_item(
        TableName="dimensions", Item={"table_name": {"S": "metrics"}, "names": {"SS": ["host"]}}
    )
    main(["rules", "apply", a_file(tmp_path, GOOD + "    by: [host, hosst]\n    match: {evn: prod}\n")])
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note:")]
    assert notes == [f"note: hot: no point has had a dimension '{name}' so far" for name in ("hosst", "evn")]


@pytest.mark.usefixtures("deployment")
def test_a_metric_that_never_arrives_is_pointed_out(tmp_path: Path, capsys: Any) -> None:
    """A rule that watches nothing says so when it is applied, and whenever rules are listed."""
    for command in (["apply", a_file(tmp_path, GOOD.replace("cpu.load", "cpu.silent"))], ["list"]):
        assert main(["rules", *command]) == 0
        assert "note: hot: no point of 'cpu.silent' came within a day" in capsys.readouterr().out


def test_hostile_names_stay_inside_their_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric's name is part of the question, never of the statement."""
    asked = []

    def select(_client: Any, sql: str) -> tuple[list[str], Iterator[list[str]]]:
        asked.append(sql)
        return ["metric_name"], iter([["it's"]])

    monkeypatch.setattr(rules, "select", select)
    monkeypatch.setattr(Target, "outputs", lambda _: {"DatabaseName": "d", "TableName": "t"})
    monkeypatch.setattr(Target, "client", lambda *_: None)
    found = rules._arriving(
        Target("dev", "us-east-1", "metrics-dev", ("us-east-1",)), {"it's", "x') OR ('1'='1"}
    )
    assert found == {"it's"}
    assert "IN ('it''s', 'x'') OR (''1''=''1')" in asked[0]


def test_rules_can_be_applied_while_the_store_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """An empty table has no columns to ask for; that is told, and keeps nobody from applying rules."""

    def select(_client: Any, _sql: str) -> Any:
        raise OperatorError("Timestream says: Column 'metric_name' does not exist")

    monkeypatch.setattr(rules, "select", select)
    monkeypatch.setattr(Target, "outputs", lambda _: {"DatabaseName": "d", "TableName": "t"})
    monkeypatch.setattr(Target, "client", lambda *_: None)
    assert rules._arriving(Target("dev", "us-east-1", "metrics-dev", ("us-east-1",)), {"a"}) == {"a"}
    assert "the store cannot say which metrics arrive" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_rules_are_listed_and_deleted(tmp_path: Path, capsys: Any) -> None:
    """What is in force is shown with its condition; a rule that is not there is an error that names those that are."""
    main(["rules", "apply", a_file(tmp_path)])
    assert main(["rules", "list"]) == 0
    assert "hot" in capsys.readouterr().out
    assert main(["rules", "delete", "cold"]) == 1
    assert "no rule cold; there are hot" in capsys.readouterr().err
    assert main(["rules", "delete", "hot"]) == 0
    assert in_force() == []


@pytest.mark.usefixtures("deployment")
def test_items_that_are_no_rules_are_pointed_out(capsys: Any) -> None:
    """Somebody wrote to the table by hand, and should know that it judges nothing."""
    boto3.client("dynamodb").put_item(
        TableName=RULES, Item={"metric_name": {"S": "x"}, "rule_id": {"S": "y"}}
    )
    assert main(["rules", "list"]) == 0
    assert "1 items of the rules table are no rules" in capsys.readouterr().out


def test_without_a_deployment_checking_still_works(tmp_path: Path, capsys: Any) -> None:
    """`check` asks nobody."""
    assert main(["rules", "check", a_file(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 rule, nothing wrong\n"


def fire() -> None:
    """An alert that fires, in the table."""
    rule = a_rule(by=["host"])
    alert = Alert(rule.key, ("a\x1b[2J",))
    changed = Changed(alert, alert)
    judged = Judged(START, Verdict.BREACHING, 3.0, 7, late=True, sources=("shard#1-2#1/1",))
    changed.apply(decide(rule, alert, [judged], START, START + 60), rule, Place("us-east-1", "dev"))
    assert AlertsTable(boto3.client("dynamodb"), ALERTS).save(changed, None, START)


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
def test_an_alert_is_explained(capsys: Any) -> None:
    """Values per period, threshold, partials, lateness, history and the message on its way are all there."""
    fire()
    assert main(["alerts", "show", "cpu-hot"]) == 0
    output = capsys.readouterr().out
    for words in (
        "ALARM since 2025-11-22 00:01:00",
        "fires when avg > 2.0 in 1 of 1 periods of 60 s",
        "breaching  3 (7 points)  late  shard#1-2#1/1",
        "OK -> ALARM (alarm, by points that came late)",
        "not confirmed yet",
    ):
        assert words in output


@pytest.mark.usefixtures("deployment")
def test_an_alert_that_is_not_there_is_explained_too(capsys: Any) -> None:
    """No item means healthy, or no data; the answer says so."""
    assert main(["alerts", "show", "cpu-hot", "a"]) == 1
    assert "its groups were healthy in the last month, or it saw no data" in capsys.readouterr().err
