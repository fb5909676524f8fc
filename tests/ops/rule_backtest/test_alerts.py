"""Firings of a back-test, out of what became of alerts."""

from typing import Any

from handlers.vocabulary import AlertState
from ops.history.asked import Readings, asked_of
from ops.replay.history_replay import HistoryReplay
from ops.rule_backtest.alerts import AlertLog, Firing
from tests.support.replays import DEPLOYMENT
from tests.support.rules import a_rule

BEGIN = 1_764_028_800


def firings(
    values: list[float | None], *, skipped: int = 0, **rule: Any
) -> tuple[list[Firing], dict[str, int]]:
    """The firings of one group with a point in each minute, and messages by day; the first minutes are before."""
    made = a_rule(by=["host"], **rule)
    log = AlertLog([made], range(BEGIN + 60 * skipped, BEGIN + 60 * len(values)))
    replay = HistoryReplay([([made], log)], DEPLOYMENT, BEGIN)
    [metric] = asked_of([made])
    points = [(BEGIN // 60 + minute, value) for minute, value in enumerate(values) if value is not None]
    replay.add(
        Readings(metric, "system", (("host", "a"),), [at for at, _ in points], [value for _, value in points])
    )
    replay.judge_until(BEGIN + 60 * len(values))
    return log.of(made), dict(log.messages[made.key])


def minutes(firing: Firing) -> tuple[int, int | None]:
    """When it began and ended."""
    return (firing.begin_s - BEGIN) // 60, firing.end_s and (firing.end_s - BEGIN) // 60


def test_a_firing_lasts_until_it_is_resolved() -> None:
    """With the value it began with, the worst one, and its messages."""
    [first, second], messages = firings([1, 3, 5, 4, 1, 1, 3])
    assert (minutes(first), first.value, first.worst, first.messages) == ((2, 5), 3, 5, 2)
    assert (minutes(second), second.messages) == ((7, None), 1)
    assert messages == {"2025-11-25": 3}


def test_reminders_are_messages() -> None:
    """As many as there would have been."""
    [firing], _ = firings([3] * 11, renotify=300)
    assert firing.messages == 3


def test_missing_data_are_a_state_of_it() -> None:
    """One that goes from one to the other is one firing."""
    [firing], _ = firings([1, 3, None, None, 1], missing_data="missing")
    assert firing.states == [AlertState.ALARM, AlertState.MISSING]
    assert (minutes(firing), firing.messages) == ((2, 5), 3)


def test_what_is_over_before_the_span_is_none_of_it() -> None:
    """Nor are messages before it; what fires when it begins is."""
    values: list[float | None] = [3, 1, 3, 3, 3, 1]
    [firing], messages = firings(values, skipped=4)
    assert minutes(firing) == (3, 6)
    assert (firing.messages, messages) == (1, {"2025-11-25": 1})
    assert firing.seconds(range(BEGIN + 240, BEGIN + 360)) == 120


def test_the_worst_value_is_the_one_farthest_beyond_the_threshold() -> None:
    """On the side on which it is beyond."""
    cases: list[tuple[str, object, list[float | None], float]] = [
        ("<", 2, [1, 0.5, 1.5], 0.5),
        ("outside", [2, 3], [1, 9, 0], 9),
        ("inside", [2, 6], [2, 4, 5], 4),
        ("!=", 2, [2.5, -2], -2),
    ]
    for operator, threshold, values, worst in cases:
        [firing], _ = firings(values, operator=operator, threshold=threshold)
        assert firing.worst == worst, operator


def test_messages_over_the_cap_are_not_counted_and_their_summary_is() -> None:
    """It is of the rule, and of none of its groups."""
    found, messages = firings([3.0, 1.0] * 33, messages_per_hour=5)
    assert len(found) == 33
    assert sum(firing.messages for firing in found) < 20
    assert sum(messages.values()) == sum(firing.messages for firing in found) + 1


def test_an_alert_that_is_held_fires_for_as_long() -> None:
    """As the rule says."""
    [firing], _ = firings([3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], hold=300)
    assert minutes(firing) == (1, 6)
