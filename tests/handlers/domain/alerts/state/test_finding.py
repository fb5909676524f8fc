"""The finding of an alert that is held, though it has recovered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import (
    Alert,
    Datapoint,
    Verdict,
)
from handlers.domain.alerts.state.finding import held_until_s
from handlers.domain.alerts.state.protocol import close, decide
from handlers.vocabulary import AlertState
from tests.support.alert_pipeline import START, walk
from tests.support.rules import a_rule


def held(values: Sequence[float | None], **fields: Any) -> tuple[Rule, Alert]:
    """A rule with a hold of an hour, and its alert after these values."""
    rule = a_rule(hold=3_600, **fields)
    return rule, walk(rule, values)[0]


def test_a_breach_that_is_taken_back_in_time_holds_no_more() -> None:
    """A late point that makes the last breach healthy ends the hold that it began; the breach before it holds on."""
    rule, alert = held([3, 1, 1], datapoints="1 of 3")
    corrected = Datapoint(START, Verdict.RECOVERED, 1, 2, late=True, on_time=Verdict.BREACHING)
    decision = decide(rule, alert, [corrected], START + 120, START + 180)
    assert decision.alert.state is AlertState.OK
    assert decision.transition is not None
    assert decision.transition.late
    rule, alert = held([3, 1, 1, 3, 1, 1], datapoints="1 of 3")
    later = replace(corrected, start_s=START + 180)
    assert decide(rule, alert, [later], START + 300, START + 360).alert.state is AlertState.ALARM


def test_a_late_breach_begins_a_hold_while_its_period_counts() -> None:
    """The last breach that is known holds, whenever its points came."""
    rule, alert = held([3, 1, 1, 1], datapoints="1 of 3")
    late = Datapoint(START + 120, Verdict.BREACHING, 3, 2, late=True, on_time=Verdict.RECOVERED)
    alert = decide(rule, alert, [late], START + 180, START + 240).alert
    healthy = [Datapoint(START + 60 * number, Verdict.RECOVERED, 1, 1) for number in range(4, 64)]
    states = []
    for item in healthy:
        alert = decide(rule, alert, [item], item.start_s, item.start_s + 60).alert
        states.append(alert.state)
    # The breach is 3,600 s ago when the period ends that begins sixty periods after it.
    assert states.index(AlertState.OK) == 62 - 4


def test_an_interval_that_is_evaluated_again_changes_no_hold() -> None:
    """The same datapoints, given again, make the same alert, with what it remembers of periods long gone."""
    rule, alert = held([3, 1, 1, 1, 1])
    newest_s = START + 240
    again = decide(rule, alert, alert.datapoints, newest_s, newest_s + 60)
    assert again.alert == alert
    assert again.transition is None
    assert Alert.read(rule.key, alert.document()) == alert
    assert alert.unhealthy_s == START


def test_what_ends_an_alert_asks_for_no_hold() -> None:
    """An alert that somebody closes, or whose rule is gone, is over at once, and holds nothing that begins after it."""
    _, alert = held([3, 1, 1])
    closed = close(alert, "closed by an operator", START + 200, notify_on_resolve=True).alert
    assert (closed.state, closed.unhealthy_s) == (AlertState.OK, 0)


def test_a_reminder_and_the_end_say_that_the_alert_was_held() -> None:
    """Reminders of what is healthy again say until when it is held, and the resolve that this is over."""
    rule, alert = held([3], renotify=60)
    reminder = decide(rule, alert, [Datapoint(START + 60, Verdict.RECOVERED, 1, 1)], START + 60, START + 120)
    assert reminder.transition is not None
    # START is at 00:00:00.
    assert reminder.transition.reason == (
        "still ALARM, though it has recovered: it is held until 2025-11-22T01:01:00Z at least"
    )
    assert held_until_s(rule, reminder.alert) == START + 60 + 3_600
    last = Datapoint(START + 3_600, Verdict.RECOVERED, 1, 1)
    over = decide(rule, reminder.alert, [last], START + 3_600, START + 3_660)
    assert over.transition is not None
    assert over.transition.reason.endswith("which is not > 2; its hold of 3600 s is over")
    assert held_until_s(rule, over.alert) == 0
    breaching = decide(rule, alert, [Datapoint(START + 60, Verdict.BREACHING, 3, 1)], START + 60, START + 120)
    assert breaching.transition is not None
    assert breaching.transition.reason == "still ALARM"


def test_another_hold_counts_at_once() -> None:
    """A change of words: what fires goes on, until the new hold is over, which counts from the same breach."""
    _, alert = held([3, 1, 1, 1])
    healthy = Datapoint(START + 240, Verdict.RECOVERED, 1, 1)
    for seconds, state in ((240, AlertState.OK), (241, AlertState.ALARM), (0, AlertState.OK)):
        assert decide(a_rule(hold=seconds), alert, [healthy], START + 240, START + 300).alert.state is state
