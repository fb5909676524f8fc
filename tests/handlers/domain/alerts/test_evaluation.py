"""The alert functions against the reference evaluator, in any weather and in every order of their steps."""

import pytest

from tests.support.alert_orders import RULE, Orders
from tests.support.alert_weather import FEATURES, Result, command, storm

ACTIONS = 60


def _failing(seeds: range, features: tuple[str, ...]) -> list[str]:
    """The differences in these worlds, each with the command that replays it."""
    results: list[Result] = [storm(seed, ACTIONS, features) for seed in seeds]
    assert sum(result.transitions for result in results) > len(seeds)
    return [
        f"{result.difference}\n{command(result.seed, ACTIONS, features)}"
        for result in results
        if result.difference
    ]


@pytest.mark.parametrize("first", range(1_000, 1_016, 4))
def test_in_any_weather_the_transitions_and_messages_are_those_of_the_document(first: int) -> None:
    """Late and repeated points, outages, refusals, deaths and wrong clocks: the same alerts, told once, in order."""
    assert not _failing(range(first, first + 4), FEATURES)


def test_in_good_weather_they_are_too() -> None:
    """Any rule over points that come in time."""
    assert not _failing(range(2_000, 2_010), ())


@pytest.mark.parametrize(
    ("script", "intervals"),
    [("bo.", (3, 3)), ("b.o", (1, 3)), (".bb", (2, 3))],
    ids=["fires", "skips", "late"],
)
def test_two_executions_may_be_cut_short_and_interleaved_anywhere(
    script: str, intervals: tuple[int, int]
) -> None:
    """Every order of two executions' steps, with a refusal, lost answer, kill or death anywhere, ends in the truth."""
    assert Orders(script, RULE, intervals, troubles=1).explore() > 300


def test_silence_is_told_in_every_order() -> None:
    """The same for a rule that fires for missing data, and again for its recovery."""
    rule = {**RULE, "missing_data": "missing"}
    assert Orders("..o", rule, (2, 3), troubles=1).explore() > 300
