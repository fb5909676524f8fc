"""Muted alerts: what is told of them when they are muted no more."""

from collections.abc import Sequence
from typing import Any

import pytest

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.state.alert import (
    Acknowledgement,
    Alert,
)
from handlers.domain.alerts.state.protocol import close, decide
from handlers.domain.alerts.state.transition import Kind, acknowledged
from handlers.vocabulary import AlertState
from tests.support.alert_pipeline import START, an_aggregate
from tests.support.rules import a_rule

N = None
MUTED = "silence 1a2b"


def muted_walk(
    values: Sequence[float | None], muted: str, known: Alert | None = None, **fields: Any
) -> tuple[Alert, str]:
    """The alert after one period per value, and what was told in each: `a`larm, `m`issing, r`e`solved, `r`eminder.

    `muted` has an x for each period in which it is muted.
    """
    rule = a_rule(missing_data="missing", **fields)
    alert, told = known or Alert(rule.key, ()), ""
    letters = {Kind.ALARM: "a", Kind.MISSING: "m", Kind.RESOLVED: "e", Kind.REMINDER: "r"}
    for number, (value, mark) in enumerate(zip(values, muted, strict=True)):
        start = START + number * rule.period_s
        found = evaluate_datapoint(rule, start, None if value is None else an_aggregate(value))
        by = MUTED if mark == "x" else ""
        decision = decide(rule, alert, [found] if found else [], start, start + rule.period_s, muted_by=by)
        alert = decision.alert
        assert Alert.read(rule.key, alert.document()) == alert
        made = decision.transition
        told += letters[made.kind] if made is not None and made.notify else "."
    return alert, told


@pytest.mark.parametrize(
    ("values", "muted", "told", "fields"),
    [
        # What still fires when it is over is told then, once.
        ([3, 3, 3, 3], "xx  ", "..a.", {}),
        ([N, N, N, 1], "xx  ", "..me", {}),
        # What was over by then is not told.
        ([3, 1, 1, 1], "xx  ", "....", {}),
        ([3, 3, 1, 1], "xx  ", "....", {}),
        ([3, 1, 3, 1, 3], "xxxx ", "....a", {}),
        # What receivers know is told again if it still fires, and its end if it does not.
        ([3, 3, 3, 3], " xx ", "a..r", {}),
        ([3, 3, 1, 1], " xx ", "a..e", {}),
        ([3, 3, 1, 1], " x  ", "a.e.", {}),
        ([3, 1, 3, 3], " xx ", "a..r", {}),
        ([3, 1, 3, 1, 1], " xxx ", "a...e", {}),
        ([3, N, N, N], " xx ", "a..m", {}),
        ([3, N, 3, 3], " xx ", "a..r", {}),
        ([3, 3, 1, 1], " xx ", "a...", {"notify_on_resolve": False}),
        # What is neither is not told.
        ([3, 3, 1, 1, 3, 1, 1], "  xx   ", ".a....e", {"datapoints": 2}),
        # Reminders are held back, and come again after it.
        ([3, 3, 3, 3, 3], " xx  ", "a..rr", {"renotify": 60}),
        ([3, 3, 3, 3, 3], " xx  ", "a..r.", {"renotify": 120}),
        # Two in a row.
        ([3, 3, 3, 3, 1, 1], "x x x ", ".a.r.e", {}),
    ],
)  # fmt: skip
def test_what_is_muted_is_told_when_it_is_over(
    values: list[float | None], muted: str, told: str, fields: dict[str, Any]
) -> None:
    """The difference between what receivers were told last and what is then."""
    alert, found = muted_walk(values, muted, **fields)
    assert found == told
    assert alert.muted is None or "x" in muted[-1]


def test_a_muted_alert_says_by_what_since_when_and_what_receivers_know() -> None:
    """Its state changes as ever, its history says what was held back, and it is kept open."""
    alert, _ = muted_walk([3, 1], " x")
    assert alert.muted is not None
    assert (alert.muted.by, alert.muted.since_s, alert.muted.told) == (MUTED, START + 120, AlertState.ALARM)
    assert (alert.state, alert.is_quiet, alert.is_settled) == (AlertState.OK, True, False)
    assert [entry["kind"] for entry in alert.history] == ["alarm", "muted"]
    assert muted_walk([3, 1], "xx")[0].is_settled


def test_what_is_told_late_says_what_receivers_knew_and_since_when_it_is_so() -> None:
    """And why, and what it waited for."""
    rule = a_rule(missing_data="missing")
    alert, _ = muted_walk([3, 3], "xx")
    made = decide(rule, alert, [], START + 120, START + 180).transition
    assert made is not None
    assert (made.kind, made.state_before, made.state) == (Kind.ALARM, AlertState.OK, AlertState.ALARM)
    assert (made.since_s, made.at_s, made.late, made.number) == (START + 60, START + 180, False, 1)
    assert made.reason.startswith("silence 1a2b is over, and it is still ALARM: avg of cpu.load is 3")


@pytest.mark.parametrize(
    ("values", "muted", "kind"),
    [
        ([3], "x", Kind.SILENT),
        ([3, 1], "xx", None),
        ([3, 3], " x", Kind.RESOLVED),
        ([3, 1], " x", Kind.RESOLVED),
    ],
)
def test_the_end_of_a_muted_alert_is_told_where_its_alarm_was(
    values: list[float | None], muted: str, kind: Kind | None
) -> None:
    """At once, as nobody looks at it any more."""
    alert, _ = muted_walk(values, muted)
    decision = close(alert, "the rule was deleted", START + 180, notify_on_resolve=True)
    assert (decision.transition and decision.transition.kind) is kind
    if decision.transition is not None:
        assert decision.transition.state_before is AlertState.ALARM
    assert (decision.alert.state, decision.alert.muted) == (AlertState.OK, None)


def test_an_alert_that_somebody_knows_of_is_not_repeated_until_it_is_over() -> None:
    """Not when it was muted either; that it goes missing is told, and the next alarm is repeated again."""
    alert, _ = muted_walk([3], " ", renotify=60)
    known = acknowledged(alert, Acknowledgement("jo", "on it", START + 70), START + 70)
    assert Alert.read(alert.rule_key, known.document()) == known
    _, told = muted_walk([3, 3, 3, 3, N, N, 1, 3, 3], "  xx     ", known=known, renotify=60)
    assert told == "....m.ear"
    _, told = muted_walk([3, 3], "  ", known=acknowledged(known, None, START + 80), renotify=60)
    assert told == ".r"
    assert known.history[-1]["reason"] == "acknowledged by jo: on it"
    unsaid = acknowledged(alert, Acknowledgement("jo", "", START + 70), START + 70)
    assert unsaid.history[-1]["reason"] == "acknowledged by jo"
    assert muted_walk([3, 1], "  ", known=known)[0].acknowledged is None
    ended = close(known, "the rule was deleted", START + 180, notify_on_resolve=True)
    assert ended.alert.acknowledged is None
