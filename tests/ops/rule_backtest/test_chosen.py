"""The rules that are tried, and those beside them."""

import argparse
from pathlib import Path

import pytest
import yaml

from handlers.domain.alerts.rules.rule import Rule
from ops.errors import OperatorError
from ops.rule_backtest.chosen import Chosen, choose
from tests.support.rules import a_document, a_rule

IN_FORCE = [a_rule(), a_rule(rule_id="backup", unless="window"), a_rule(rule_id="window")]


def chosen(
    rule: str, *, only: str | None = None, against: Path | None = None, in_force: list[Rule] | None = None
) -> Chosen:
    """The choice of these options."""
    options = argparse.Namespace(environment="dev", rule=rule, only=only, against=against)
    return choose(options, IN_FORCE if in_force is None else in_force, 60)


def a_file(path: Path, *documents: dict[str, object]) -> str:
    """A rule file."""
    path.write_text(yaml.safe_dump({"rules": list(documents)}))
    return str(path)


def test_each_rule_of_a_file_is_held_against_the_one_in_force(tmp_path: Path) -> None:
    """By its id; one that is new has none."""
    name = a_file(tmp_path / "new.yaml", a_document(threshold=5), a_document(rule_id="new"))
    first, second = chosen(name).trials
    assert (first.rule.condition.bounds, first.against, first.is_same) == ((5,), IN_FORCE[0], False)
    assert (second.against, second.is_same) == (None, False)


def test_a_rule_that_differs_in_words_alone_is_the_same(tmp_path: Path) -> None:
    """Its severity decides nothing; how often it tells of an alert does."""
    name = a_file(tmp_path / "new.yaml", a_document(severity="low", annotation="x"))
    assert chosen(name).trials[0].is_same
    assert chosen(a_file(tmp_path / "new.yaml", a_document(renotify=60))).trials[0].against is not None


def test_a_rule_in_force_is_tried_by_its_id(tmp_path: Path) -> None:
    """Against itself, or against a file."""
    [trial] = chosen("cpu-hot").trials
    assert (trial.rule, trial.is_same) == (IN_FORCE[0], True)
    name = a_file(tmp_path / "old.yaml", a_document(threshold=9))
    [trial] = chosen("cpu-hot", against=Path(name)).trials
    assert trial.against is not None
    assert trial.against.condition.bounds == (9,)


def test_rules_that_others_name_are_judged_as_well(tmp_path: Path) -> None:
    """Those of the file first, then those in force; nothing is told of them."""
    assert [rule.rule_id for rule in chosen("backup").tried] == ["backup", "window"]
    backup, window = a_document(rule_id="backup", unless="window", threshold=3), a_document(rule_id="window")
    found = chosen(a_file(tmp_path / "new.yaml", backup, {**window, "threshold": 7}), only="backup")
    assert [(rule.rule_id, rule.condition.bounds) for rule in found.tried] == [
        ("backup", (3,)),
        ("window", (7,)),
    ]
    assert list(found.against) == IN_FORCE[1:]
    assert [trial.rule.rule_id for trial in found.trials] == ["backup"]


def test_one_rule_of_a_file_may_be_chosen(tmp_path: Path) -> None:
    """Or none of another name."""
    name = a_file(tmp_path / "new.yaml", a_document(), a_document(rule_id="other"))
    assert [trial.rule.rule_id for trial in chosen(name, only="other").trials] == ["other"]
    with pytest.raises(OperatorError, match=r"no rule 'othr' is in .*; did you mean other"):
        chosen(name, only="othr")


@pytest.mark.parametrize(
    ("rule", "in_force", "message"),
    [
        ("cpu-hto", IN_FORCE, "no rule 'cpu-hto' is in force; did you mean cpu-hot"),
        ("x", IN_FORCE, "no rule 'x' is in force; there are cpu-hot, backup, window"),
        ("x", [], "no rule 'x' is in force; there are none"),
        ("gone.yaml", IN_FORCE, "gone.yaml:1: cannot be read"),
        ("cpu-hot", [a_rule(period=90)], "cpu-hot can do nothing: .*not a multiple"),
    ],
)
def test_what_cannot_be_tried_is_named(rule: str, in_force: list[Rule], message: str) -> None:
    """A rule that is not there, a file that is not, a rule that could never fire."""
    with pytest.raises(OperatorError, match=message):
        chosen(rule, in_force=in_force)


def test_a_file_without_rules_tries_nothing(tmp_path: Path) -> None:
    """That is no success."""
    with pytest.raises(OperatorError):
        chosen(a_file(tmp_path / "new.yaml"))


def test_against_a_file_without_the_rule_is_a_mistake(tmp_path: Path) -> None:
    """Nothing would be compared."""
    name = a_file(tmp_path / "old.yaml", a_document(rule_id="other"))
    with pytest.raises(OperatorError, match="has no rule cpu-hot; it has other"):
        chosen("cpu-hot", against=Path(name))
