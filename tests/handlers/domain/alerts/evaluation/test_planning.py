"""The planning of an execution: from where on, and how many chunks of rules."""

import json

import pytest

from handlers.domain.alerts.evaluation.planning import FIRST_LOOK_BACK_S
from tests.support.alert_pipeline import START
from tests.support.evaluated_minutes import TIMING, Weather, minute
from tests.support.rules import a_rule


def test_the_first_evaluation_begins_a_quarter_of_an_hour_back() -> None:
    """A version before this one may have left intervals; what is older than that was its outage."""
    weather = Weather(a_rule())
    for number in (0, 10):
        weather.post(minute(number), 9.0)
    weather.execute(int(minute(20)))
    assert FIRST_LOOK_BACK_S == 900
    assert weather.heard == ["11:alarm"]


def test_a_plan_holds_as_many_chunks_as_a_payload_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are the least far come first, so that with some executions all are evaluated."""
    monkeypatch.setattr("handlers.domain.alerts.evaluation.chunks.RULES_PER_CHUNK", 1)
    monkeypatch.setattr("handlers.domain.alerts.evaluation.planning.PLAN_BYTES", 700)
    weather = Weather(*(a_rule(rule_id=f"r{number}") for number in range(7)))
    weather.post(minute(0), 9.0)
    plan = weather.pipeline.evaluator.plan(START, TIMING.ready_at(START))
    assert 1 < len(plan["chunks"]) < 7
    # Chunks are chosen before the times are added until which they hand out, in some 20 bytes each.
    assert len(json.dumps(plan["chunks"])) < 850
    weather.minutes(0, 0)
    assert weather.heard == ["1:alarm"] * 7
