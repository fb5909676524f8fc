"""Rules that mute others while they fire."""

from collections.abc import Sequence

import pytest

from handlers.domain.alerts.evaluation.inhibition import (
    cycle_of,
    in_order,
    inhibited,
    inhibiting,
    state_at,
)
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.steps import Chunk
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.vocabulary import AlertState
from tests.support.alert_pipeline import Pipeline, a_point
from tests.support.rules import a_rule

START = 1_763_769_600
TIMING = Timing(60, 10)


def a_named(rule_id: str, unless: str = "", by: Sequence[str] = ("host",), **fields: object) -> Rule:
    """A rule that may name another."""
    return a_rule(rule_id=rule_id, by=list(by), **({"unless": unless} if unless else {}), **fields)


def test_rules_come_after_those_that_they_name() -> None:
    """Also where they name each other, or none that there is."""
    rules = [a_named("a", "b"), a_named("b", "c"), a_named("c"), a_named("d", "gone"), a_named("e", "e")]
    ordered = [rule.rule_id for rule in in_order(rules)]
    assert ordered.index("c") < ordered.index("b") < ordered.index("a")
    assert sorted(ordered) == list("abcde")
    assert [rule.rule_id for rule in inhibiting(rules, rules)] == ["b", "c", "e"]


@pytest.mark.parametrize(
    ("rule_id", "cycle"), [("a", []), ("c", ["c", "d", "c"]), ("e", ["e", "c", "d", "c"])]
)
def test_a_circle_is_found_from_wherever_it_is_looked_for(rule_id: str, cycle: list[str]) -> None:
    """With the way to it."""
    assert cycle_of(rule_id, {"a": "b", "c": "d", "d": "c", "e": "c"}) == cycle


@pytest.mark.parametrize(
    ("theirs", "fires", "own", "group", "expected"),
    [
        (["host"], ("a",), ["host"], ("a",), True),
        (["host"], ("a",), ["host"], ("b",), False),
        (["host"], (None,), ["host"], (None,), True),
        (["zone"], ("z",), ["host", "zone"], ("a", "z"), True),
        (["zone"], ("z",), ["host", "zone"], ("a", "y"), False),
        (["host", "disk"], ("a", "d"), ["host"], ("a",), True),
        ([], (), ["host"], ("a",), True),
        (["rack"], ("r",), ["host"], ("a",), True),
        (["host"], ("a", "old"), ["host"], ("a",), False),
        (["host"], ("a",), ["host"], ("a", "old"), False),
    ],
)
def test_it_fires_of_the_same_thing_where_the_dimensions_that_both_have_agree(
    theirs: list[str], fires: Group, own: list[str], group: Group, *, expected: bool
) -> None:
    """Of anything, where they have none in common; groups of an earlier `by` are none of theirs."""
    other, rule = a_named("other", by=theirs), a_named("rule", "other", by=own)
    alert = Alert(other.key, fires, state=AlertState.ALARM)
    assert inhibited(rule, [other], lambda _: [alert], START)(group) is expected
    healthy = Alert(other.key, fires, state=AlertState.PENDING)
    assert not inhibited(rule, [other], lambda _: [healthy], START)(group)
    assert not inhibited(a_named("rule", by=own), [other], lambda _: [alert], START)(group)


def test_an_alert_that_is_further_says_what_it_was() -> None:
    """By its history, in which what was told later is no change, and one that was closed is so for all that follows."""
    history = (
        {"from": "OK", "to": "ALARM", "at": 100},
        {"from": "ALARM", "to": "ALARM", "at": 200},
        {"from": "ALARM", "to": "OK", "at": 300, "evaluated_to": 260},
    )
    alert = Alert("r", (), state=AlertState.OK, history=history)
    states = [str(state_at(alert, at)) for at in (99, 100, 199, 200, 260, 261, 300)]
    assert states == ["OK", "ALARM", "ALARM", "ALARM", "ALARM", "OK", "OK"]


def rules() -> list[Rule]:
    """`a-late` fires of high values, unless `b-down` does, which also knows the host."""
    return [a_named("a-late", "b-down", metric_name="late"), a_named("b-down", metric_name="down")]


def write(pipeline: Pipeline, number: int, **values: float) -> None:
    """The points of a minute."""
    time_s = START + 60 * number + 5
    points = [a_point(time_s, value, name=name, host="x") for name, value in values.items()]
    batch = BatchRange("s", number + 1, number + 1)
    for part in pipeline.cut(batch):
        pipeline.write(points, part, time_s + 1)


def kinds(pipeline: Pipeline, rule_id: str) -> list[str]:
    """What happened to a rule's alerts."""
    return [str(made.kind) for name, _, made in pipeline.transitions if name == rule_id]


def test_what_begins_in_the_same_interval_is_muted_and_told_when_the_other_is_over() -> None:
    """Whichever comes first among the rules; the one that is named is told as ever."""
    pipeline = Pipeline(rules(), TIMING)
    for number, values in enumerate(({"late": 9, "down": 9}, {"late": 9, "down": 9}, {"late": 9, "down": 0})):
        write(pipeline, number, **values)
        pipeline.evaluate(START + 60 * number)
    assert kinds(pipeline, "b-down") == ["alarm", "resolved"]
    assert kinds(pipeline, "a-late") == ["muted", "alarm"]
    told = [made for name, _, made in pipeline.transitions if name == "a-late"][-1]
    assert told.reason.startswith("rule b-down is over, and it is still ALARM")


@pytest.mark.parametrize("first_is_further", [False, True])
def test_rules_of_another_chunk_mute_as_well(*, first_is_further: bool) -> None:
    """Whether that has been evaluated or not, and nothing of it is written twice."""
    pipeline = Pipeline(rules(), TIMING)
    for number, values in enumerate(({"late": 9, "down": 9}, {"late": 0, "down": 0}, {"late": 9, "down": 0})):
        write(pipeline, number, **values)
    own: Chunk = {"index": 0, "of": 2, "begin": "", "end": "b", "first": START, "since": START, "begun": 0}
    other: Chunk = {"index": 1, "of": 2, "begin": "b", "end": "", "first": START, "since": START, "begun": 0}
    last_s = START + 120
    for chunk in (other, own) if first_is_further else (own, other):
        pipeline.evaluator.evaluate(chunk, START, last_s, TIMING.ready_at(last_s))
    assert kinds(pipeline, "b-down") == ["alarm", "resolved"]
    assert kinds(pipeline, "a-late") == ["muted", "silent", "alarm"]
