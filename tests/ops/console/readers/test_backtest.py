"""Back-tests as the console shows them."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.domain.alerts.rules.rule import Rule, RuleSet
from handlers.domain.exports.hour import Hour
from ops.console.readers import backtest
from ops.console.readers.backtest import groups_of, offered_rules, rule_text, run_backtest
from ops.errors import OperatorError
from ops.history.asked import AskedMetric, Readings
from ops.history.hours import Slice
from ops.rule_backtest import sources
from templates.config import load
from tests.support.rules import a_rule

NOW = 1_764_072_000


class Minutely:
    """Two hosts, of which one is hot in ten minutes of each hour."""

    def __init__(self, *_: object) -> None:
        pass

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """All of it."""
        return [Slice(hour.start_s, hour.end_s)]

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points."""
        for host, hot in (("a", 95.0), ("b", 50.0)):
            times = list(range(part.start_s // 60, part.end_s // 60))
            values = [hot if 10 <= minute < 20 else 50.0 for minute in range(60)]
            yield Readings(metric, "system", (("host", host),), times, values)

    def remark(self, _: Hour) -> str:
        """Nothing."""
        return ""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A place with a rule in force."""
    in_force: list[Rule] = [a_rule(by=["host"], threshold=94)]

    class Table:
        """The rules table."""

        def __init__(self, _: object) -> None:
            pass

        def read(self) -> RuleSet:
            """The rules."""
            return RuleSet(in_force)

        def time_s(self) -> int:
            """Now."""
            return NOW + 11

    monkeypatch.setattr(backtest, "RuleTable", Table)
    monkeypatch.setattr(sources, "StoredHistory", Minutely)
    config = load("dev")
    return SimpleNamespace(
        target=SimpleNamespace(config=config, store=lambda: None, dimension_names=lambda: {"host"}),
        environment="dev",
        store=lambda: None,
    )


def test_a_rule_is_tried_as_it_was_typed(place: Any) -> None:
    """Beside the one in force, each with the values of a group and when it fires."""
    said = list[str]()
    typed = rule_text(a_rule(by=["host"], threshold=90, datapoints=3))
    shown = run_backtest(place, typed, "2h", said.append)
    assert said
    assert groups_of(shown.told.compared, shown.told.trial.rule) == [("a",)]
    mine, its = shown.sides(("a",))
    assert len(mine.values) == len(its.values) == 120
    assert mine.values[10][1] == 95.0
    first = mine.firings[0]
    assert (first.begin_s, first.end_s) == (NOW - 7_200 + 13 * 60, NOW - 7_200 + 21 * 60)
    assert its.firings[0].begin_s == NOW - 7_200 + 11 * 60
    assert not shown.sides(("b",))[0].firings


def test_a_group_of_the_rule_in_force_is_drawn_where_the_one_to_try_has_its_dimensions(place: Any) -> None:
    """Of another one, nothing is."""
    shown = run_backtest(place, rule_text(a_rule(threshold=40)), "1h", print)
    assert len(shown.sides(())) == 1
    shown = run_backtest(place, rule_text(a_rule(by=["env", "host"], threshold=40)), "1h", print)
    assert len(shown.sides((None, "a"))) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", "line 1"),
        ("rules:\n  - rule_id: x\n", "metric_name"),
        (
            rule_text(a_rule()) + rule_text(a_rule(rule_id="b")).removeprefix("rules:\n"),
            "one rule is tried at a time",
        ),
    ],
)
def test_mistakes_of_a_text_are_told_by_their_lines(place: Any, text: str, message: str) -> None:
    """Without the file that it was put into."""
    with pytest.raises(OperatorError, match=message) as error:
        run_backtest(place, text, "1h", print)
    assert "/tmp" not in str(error.value)


def test_rules_in_force_and_those_of_files_are_offered(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once; files with mistakes offer none."""
    filed = [a_rule(by=["host"], threshold=94), a_rule(rule_id="new")]
    monkeypatch.setattr(backtest, "has_rule_files", lambda: True)
    monkeypatch.setattr(backtest, "read_rules", lambda _: filed)
    assert list(offered_rules(place)) == ["in force: cpu-hot", "file: new"]

    def refuse(_: str) -> list[Rule]:
        raise OperatorError("1 mistake")

    monkeypatch.setattr(backtest, "read_rules", refuse)
    assert list(offered_rules(place)) == ["in force: cpu-hot"]
