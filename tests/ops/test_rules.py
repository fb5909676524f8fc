"""`ops rules` against the tables of a deployment."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from handlers.adapters.dynamodb.rules_table import RulesTable, item_of
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.known_groups import KnownGroups, groups_id
from ops.__main__ import main
from ops.errors import OperatorError
from ops.output import moment, time_of_day
from ops.rule_plan import first_judged_period
from ops.stack import Target
from templates.config import load
from tests.support.alert_tables import RULES, WINDOWS
from tests.support.rules import RULE_FILE as GOOD
from tests.support.rules import a_rule

START = 1_763_769_600
TARGET = Target(load("dev"), "us-east-1", "metrics-dev")


def in_force() -> list[Any]:
    """The rules of the table."""
    return list(RulesTable(boto3.client("dynamodb"), RULES).rules().rules)


def a_file(tmp_path: Path, text: str = GOOD) -> str:
    """A rule file."""
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return str(path)


def a_rule_of_the_file(**fields: Any) -> Rule:
    """The rule of the good file."""
    [plain] = yaml.safe_load(GOOD)["rules"]
    return read_rule({**plain, **fields})


@pytest.mark.usefixtures("deployment")
def test_applying_puts_the_files_rules_into_force(tmp_path: Path, capsys: Any) -> None:
    """New rules are in force when all functions know them; applying them again changes nothing."""
    assert main(["rules", "apply", a_file(tmp_path)]) == 0
    [rule] = in_force()
    assert rule.rule_id == "hot"
    assert rule.in_force_since_s > START
    assert rule.groups_since_s == rule.in_force_since_s
    shown = capsys.readouterr().out
    assert "+ hot: avg of cpu.load > 90" in shown
    first = first_judged_period(rule, rule.in_force_since_s)
    assert f"applied, in force from {time_of_day(rule.in_force_since_s)}: periods of 60 s from" in shown
    assert f"60 s from {time_of_day(first)} on are judged" in shown
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
    assert (
        "~ hot: another condition; no alert is open, its groups stay known\n    threshold: 90 -> 95\n"
        in output
    )
    assert "in force half a minute from now: periods of 60 s from " in output
    assert in_force() == before


@pytest.mark.usefixtures("deployment")
def test_words_are_changed_in_a_rule_that_stays_in_force(tmp_path: Path) -> None:
    """A new annotation judges no period anew; a new threshold does, from the time it is in force."""
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(a_rule_of_the_file(in_force_since=START)))
    main(["rules", "apply", a_file(tmp_path, GOOD + "    annotation: hot\n    severity: low\n")])
    [rule] = in_force()
    assert (rule.annotation, rule.in_force_since_s) == ("hot", START)
    main(["rules", "apply", a_file(tmp_path, GOOD.replace("90", "91"))])
    [rule] = in_force()
    assert rule.in_force_since_s > START


@pytest.mark.usefixtures("deployment")
def test_a_bad_file_changes_nothing(tmp_path: Path, capsys: Any) -> None:
    """Good rules beside a bad one are not applied either, and the mistake is told with its place."""
    text = GOOD + GOOD.removeprefix("rules:\n").replace("hot", "cold").replace("avg", "p101")
    assert main(["rules", "apply", a_file(tmp_path, text)]) == 1
    error = capsys.readouterr().err
    assert "nothing was changed" in error
    assert "rules.yaml:9: statistic: 'p101'" in error
    assert in_force() == []


@pytest.mark.usefixtures("deployment")
def test_rules_in_no_file_are_deleted_only_when_asked(tmp_path: Path, capsys: Any) -> None:
    """`--prune` makes the files the whole truth; without it they add and change."""
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(a_rule(rule_id="other")))
    main(["rules", "apply", a_file(tmp_path)])
    assert {rule.rule_id for rule in in_force()} == {"hot", "other"}
    capsys.readouterr()
    assert main(["rules", "apply", "--prune", a_file(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert "- other (cpu.load): in no file; no alert is open" in shown.out
    assert (
        "to delete other and change the rules of dev in us-east-1 in a test's account without a terminal"
        in shown.err
    )
    assert {rule.rule_id for rule in in_force()} == {"hot", "other"}
    assert main(["rules", "apply", "--prune", "--yes", a_file(tmp_path)]) == 0
    assert {rule.rule_id for rule in in_force()} == {"hot"}
    assert main(["rules", "apply", "--prune", a_file(tmp_path)]) == 0, "nothing to delete, nothing to ask for"


@pytest.mark.usefixtures("deployment")
def test_a_rule_that_moves_to_another_metric_leaves_no_twin(tmp_path: Path, capsys: Any) -> None:
    """One id is one rule, although the table's key has the metric in it."""
    main(["rules", "apply", a_file(tmp_path)])
    main(["rules", "apply", a_file(tmp_path, GOOD.replace("cpu.load", "cpu.other"))])
    assert [rule.metric_name for rule in in_force()] == ["cpu.other"]
    assert "~ hot: another condition; no alert is open, its groups begin anew" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_dimensions_that_no_point_ever_had_are_pointed_out(tmp_path: Path, capsys: Any) -> None:
    """A misspelled `by` or `match` is noticed when the rule is applied, without keeping it from coming first."""
    boto3.client("dynamodb").put_item(
        TableName="dimensions", Item={"table_name": {"S": "metrics"}, "names": {"SS": ["host"]}}
    )
    main(["rules", "apply", a_file(tmp_path, GOOD + "    by: [host, hosst]\n    match: {evn: prod}\n")])
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note:")]
    assert notes == [
        f"note: us-east-1: hot: no point has had a dimension '{name}' so far" for name in ("hosst", "evn")
    ]


@pytest.mark.usefixtures("deployment")
def test_a_metric_that_never_arrives_is_pointed_out(tmp_path: Path, capsys: Any) -> None:
    """A rule that watches nothing says so when it is applied, and whenever rules are listed."""
    for command in (["apply", a_file(tmp_path, GOOD.replace("cpu.load", "cpu.silent"))], ["list"]):
        assert main(["rules", *command]) == 0
        assert "note: us-east-1: hot: no point of 'cpu.silent' came within a day" in capsys.readouterr().err


@pytest.mark.usefixtures("deployment")
def test_rules_are_listed_and_deleted(tmp_path: Path, capsys: Any) -> None:
    """What is in force is shown with its condition; a rule that is not there is an error that names those that are."""
    main(["rules", "apply", a_file(tmp_path)])
    assert main(["rules", "list"]) == 0
    shown = capsys.readouterr().out
    [rule] = in_force()
    assert "hot" in shown
    assert moment(first_judged_period(rule, rule.in_force_since_s)) in shown
    assert main(["rules", "delete", "cold"]) == 1
    assert "no rule cold; there are hot" in capsys.readouterr().err
    assert main(["rules", "delete", "hot"]) == 0
    assert in_force() == []


@pytest.mark.usefixtures("deployment")
def test_items_that_are_no_rules_are_pointed_out(capsys: Any) -> None:
    """An item written to the table by hand is no rule, and the operator is told that it judges nothing."""
    boto3.client("dynamodb").put_item(
        TableName=RULES, Item={"metric_name": {"S": "x"}, "rule_id": {"S": "y"}}
    )
    assert main(["rules", "list"]) == 0
    assert "1 items of the rules table are no rules" in capsys.readouterr().err


@pytest.mark.usefixtures("deployment")
def test_groups_that_are_left_out_are_counted_and_pointed_out(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule over the cap is blind for some of its hosts, which nobody sees by what fires."""
    rules = a_rule(by=["host"]), a_rule(rule_id="few", by=["zone"]), a_rule(rule_id="one")
    for rule in rules:
        boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(rule))
    windows = WindowsTable(boto3.client("dynamodb"), WINDOWS, Timing())
    made = Explosion.of(["host"], {(f"h{number}\x1b",) for number in range(5)}, ["shop"] * 4 + [""])
    windows.note_groups(groups_id(rules[0].selection), KnownGroups(frozenset({("a",)}), 0, 9_000, made))
    windows.note_groups(groups_id(rules[1].selection), KnownGroups(frozenset({("a",)}), 0, 0))
    assert main(["rules", "list", "--format", "jsonl"]) == 0
    shown = capsys.readouterr()
    assert {row["rule"]: row["left out"] for row in map(json.loads, shown.out.splitlines())} == {
        "cpu-hot": 9_000, "few": None, "one": None,
    }  # fmt: skip
    said = (
        "cpu-hot: about 9000 groups over alerts.maximum_groups are not judged: 5 new groups at once, of 5 values "
        "of host, such as 'h0\\x1b', 'h1\\x1b', 'h2\\x1b'; sent by 'shop' (4)"
    )
    assert [line for line in shown.err.splitlines() if "not judged" in line] == [f"note: us-east-1: {said}"]

    assert main(["alerts", "list"]) == 0
    assert said in capsys.readouterr().err
    outputs = {name: value for name, value in TARGET.outputs().items() if name != "AlertWindowsTableName"}
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    assert main(["rules", "list"]) == 0, "a deployment that does not say where it is noted"


@pytest.mark.usefixtures("deployment")
def test_rules_that_can_do_nothing_are_pointed_out(capsys: Any) -> None:
    """They were applied when files were not looked at as closely, or the environment's tick was another one."""
    for rule in (a_rule(period=30), a_rule(rule_id="never", statistic="count", operator="<", threshold=0)):
        boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(rule))
    assert main(["rules", "list"]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "can do nothing" in line]
    assert [line.split(": ")[2:5] for line in said] == [
        ["cpu-hot", "can do nothing", "period"], ["never", "can do nothing", "threshold"],
    ]  # fmt: skip


def test_without_a_deployment_checking_still_works(tmp_path: Path, capsys: Any) -> None:
    """`check` makes no call."""
    assert main(["rules", "check", a_file(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 rule, nothing wrong\n"


def test_a_check_says_how_many_mistakes_there_are(tmp_path: Path, capsys: Any) -> None:
    """A check changes nothing ever, so it does not say that nothing was changed."""
    assert main(["rules", "check", a_file(tmp_path, GOOD.replace("avg", "p101"))]) == 1
    error = capsys.readouterr().err
    assert "1 mistake:\n" in error
    assert "changed" not in error


def test_a_check_without_files_reads_the_projects_wherever_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The rules are the checkout's, not the folder's."""
    monkeypatch.chdir(tmp_path)
    assert main(["rules", "check"]) == 0
    assert "nothing wrong" in capsys.readouterr().out


@pytest.mark.usefixtures("deployment")
def test_rules_are_applied_listed_and_deleted_in_every_region(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line begins with its region; a region without the pipeline is named and harms no other."""
    monkeypatch.setattr(Target, "client", lambda _, service: boto3.client(service, region_name="us-east-1"))
    everywhere = ["--environment", "prod", "--all-regions"]
    assert main(["rules", "apply", *everywhere, a_file(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown if "applied" in line] == list(
        load("prod").fleet.order(load("prod").regions)
    )
    assert main(["rules", "list", *everywhere]) == 0
    assert capsys.readouterr().out.count("avg > 90") == 4
    known = Target.outputs

    def outputs(target: Target) -> Any:
        if target.region == "eu-west-1":
            raise OperatorError("no stack")
        return known(target)

    monkeypatch.setattr(Target, "outputs", outputs)
    assert main(["rules", "list", *everywhere]) == 1
    shown, said = capsys.readouterr()
    assert shown.count("avg > 90") == 3
    assert "eu-west-1: no stack" in said
