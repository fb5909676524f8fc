"""The plan of a change of rules, and what it does to alerts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.reading import WORDS
from handlers.domain.alerts.rules.rule import Rule
from ops.rule_plan import compare, first_judged_period, judged_from, plan_lines
from tests.support.rules import a_rule

OLD = {"in_force_since": 1_000, "groups_since": 500}
CHANGES: list[dict[str, Any]] = [
    {"severity": "low"}, {"annotation": "x"}, {"runbook": "https://example.com"}, {"renotify": 60},
    {"notify_on_resolve": False}, {"forget_after": 7_200}, {"threshold": 3}, {"operator": "<"}, {"period": 120},
    {"datapoints": 2}, {"missing_data": "missing"}, {"recovery": {"datapoints": 2}}, {"statistic": "max"},
    {"by": ["host", "disk"]}, {"match": {"a": "b"}}, {"metric_type": "system"}, {"metric_name": "other"},
    {"unless": "net-down"}, {"hold": 60}, {"messages_per_hour": 20},
]  # fmt: skip


def written(old: Rule, new: Rule, *, now: int = 9_000) -> Rule:
    """The rule that applying `new` puts in the place of `old`."""
    [rule] = compare([new], [old], prune=False).written(now)
    return rule


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_each_field_changes_either_words_or_the_condition(change: dict[str, Any]) -> None:
    """New words change no time; another condition is in force anew, and other groups are known from then on."""
    [field] = change
    rule = written(a_rule(by=["host"], **OLD), a_rule(**{"by": ["host"], **change}))
    other_groups = field in ("by", "match", "metric_type", "metric_name")
    assert rule.in_force_since_s == (1_000 if field in WORDS else 9_000)
    assert rule.groups_since_s == (9_000 if other_groups else 500)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_plan_says_what_a_change_does_to_alerts(change: dict[str, Any]) -> None:
    """Each field with its old and new value, and what becomes of the alerts and the groups."""
    [field] = change
    old, new = a_rule(by=["host"], **OLD), a_rule(**{"by": ["host"], **change})
    head, *fields, summary = plan_lines(compare([new], [old], prune=False), {old.key: 2})
    assert ("only words change, its alerts keep their state" in head) == (field in WORDS)
    assert ("2 open alerts will be resolved" in head) == (field not in WORDS)
    assert ("its groups begin anew" in head) == (field in ("by", "match", "metric_type", "metric_name"))
    assert any(line.startswith(f"    {field}: ") for line in fields)
    assert not any("_since" in line for line in fields)
    assert summary == "0 to add, 1 to change, 0 to delete, 0 unchanged"


def test_a_new_rule_is_told_with_what_mutes_it() -> None:
    """As that decides what is sent as much as the threshold does."""
    rule = a_rule(statistic="p99", threshold=5, unless="net-down", hold=900, messages_per_hour=20)
    line, _ = plan_lines(compare([rule], [], prune=False), {})
    assert (
        line == "+ cpu-hot: p99 of cpu.load > 5, held for 900 s, 20 messages an hour, unless net-down fires"
    )


def test_a_rule_that_moved_replaces_its_old_item() -> None:
    """It is one change, not one more and one less; twins that were there go with it."""
    twins = [a_rule(metric_name="a"), a_rule(metric_name="b")]
    plan = compare([a_rule(metric_name="c")], twins, prune=True)
    assert (len(plan.changed), plan.removed, plan.added, plan.pruned) == (1, twins, [], [])
    plan = compare([twins[0]], twins, prune=False)
    assert (plan.unchanged, plan.removed) == (1, [twins[1]])


def test_pruning_names_what_is_in_no_file() -> None:
    """With the alerts that will be resolved; without it, such a rule is left alone."""
    other = a_rule(rule_id="other")
    assert not compare([], [other], prune=False).changes
    lines = list(plan_lines(compare([], [other], prune=True), {other.key: 1}))
    assert lines[0] == "- other (cpu.load): in no file; 1 open alert will be resolved"


def test_an_applied_rule_is_unchanged() -> None:
    """Whatever the times are that applying gave it."""
    assert not compare([a_rule()], [a_rule(**OLD)], prune=True).changes


def test_hostile_names_are_shown_without_control_characters() -> None:
    """A rule of the table may be anybody's."""
    rule = a_rule(match={"a": "\u202e"}, annotation="a\nb")
    assert all(line.isprintable() for line in plan_lines(compare([a_rule()], [rule], prune=True), {}))


@given(st.integers(0, 10**10), st.sampled_from([10, 60, 300, 3600]))
def test_the_first_judged_period_begins_when_the_rule_is_in_force(in_force: int, period: int) -> None:
    """Not before, not a whole period later, and where periods begin."""
    start = first_judged_period(a_rule(period=period), in_force)
    assert start % period == 0
    assert in_force <= start < in_force + period


def test_first_periods_are_told_once_for_each_length() -> None:
    """A hundred rules are one line."""
    rules = [a_rule(), a_rule(rule_id="b"), a_rule(period=3600)]
    assert judged_from(rules, 1_763_769_631) == (
        "periods of 60 s from 00:01:00 UTC, of 3600 s from 01:00:00 UTC on are judged"
    )
