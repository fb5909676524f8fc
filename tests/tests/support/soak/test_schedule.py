"""The soak's faults: every kind that the emulator has is drawn, on each store."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.faults import parse_rule
from emulator.faults.kinds import KINDS
from emulator.faults.spec import rule_of
from tests.support.local_run import LocalRun
from tests.support.soak.schedule import Schedule

SUBSCRIBER = "http://127.0.0.1:9000/alerts"


def schedule(kind: str, asked: list[Any]) -> Schedule:
    """A schedule of a run that keeps what it is asked."""

    def control(what: str, body: Any = None, **_: Any) -> Any:
        asked.append((what, body))
        return {"rules": [], "injected": 0}

    run = cast("LocalRun", SimpleNamespace(control=control))
    return Schedule(run, kind, 1, longest_ms=2_000, subscriber=SUBSCRIBER)


@pytest.mark.parametrize("kind", ["timestream", "lake"])
def test_every_kind_of_fault_is_drawn(kind: str) -> None:
    """Each of the emulator's kinds strikes sooner or later, and each fault drawn is one that it knows."""
    made = schedule(kind, [])
    rules = [parse_rule(rule_of(made.drawn())) for _ in range(2_000)]
    assert {rule.fault for rule in rules} == set(KINDS)
    assert {rule.subscription for rule in rules if rule.fault == "dead"} == {SUBSCRIBER}


def test_faults_follow_from_the_seed() -> None:
    """Two schedules of one seed ask for the same faults in the same order."""
    one, other = ([made.drawn() for _ in range(50)] for made in (schedule("lake", []), schedule("lake", [])))
    assert one == other


def test_the_clock_jumps_forward_whatever_is_on_the_stream() -> None:
    """A jump is of seconds, and waits for nothing."""
    asked: list[Any] = []
    schedule("timestream", asked).jump()
    what, body = asked[-1]
    assert (what, body["at_once"], 1 <= body["advance_seconds"] <= 10) == ("clock", True, True)
