"""Notes on rules that an environment's evaluator may have no time for."""

import json
from pathlib import Path

import pytest

from ops.rule_load import CHUNKS_AT_ONCE, EXECUTION_S, load_notes
from templates.config.alerting import Alerts
from tests.support.rules import a_rule


def test_rules_of_the_usual_size_are_nothing_to_tell_of() -> None:
    """A hundred rules of sums by the minute, and an hourly percentile, each with a thousand groups."""
    rules = [a_rule(rule_id=f"r{number}") for number in range(100)]
    assert not list(load_notes([*rules, a_rule(rule_id="hourly", period=3600, statistic="p99")], Alerts()))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"maximum_groups": 5_000}, "takes 90 s to merge, and the evaluator has 40: there is time for 2233"),
        ({"maximum_groups": 5_000, "evaluator_memory_mb": 1_769}, "takes 52 s to merge"),
        ({"maximum_groups": 5_000, "window_seconds": 30, "grace_seconds": 30}, None),
    ],
)
def test_a_rule_that_is_too_much_is_told_with_what_there_is_time_for(
    settings: dict[str, int], told: str | None
) -> None:
    """An hourly percentile of the most groups, and the settings that make it shorter."""
    notes = list(load_notes([a_rule(period=3600, statistic="p99")], Alerts(**settings)))  # type: ignore[arg-type]
    assert [told is not None and told in note for note in notes] == [True] * (told is not None)


def test_rules_that_are_too_much_together_are_told() -> None:
    """Each has time by itself."""
    rules = [a_rule(rule_id=f"r{number}", period=3600, statistic="p99") for number in range(100)]
    [note] = load_notes(rules, Alerts())
    assert note.startswith("all 100 rules: with as many groups, when all are due they take 448 s to merge")


def test_the_state_machine_has_so_much_time() -> None:
    """Its definition says how many chunks it evaluates at a time, and when it ends."""
    definition = json.loads(Path("statemachines/alert_evaluation.asl.json").read_text())
    assert definition["TimeoutSeconds"] == EXECUTION_S
    assert definition["States"]["Chunks"]["MaxConcurrency"] == CHUNKS_AT_ONCE
