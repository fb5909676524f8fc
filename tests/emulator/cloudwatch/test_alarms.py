"""Alarms evaluated by the local clock."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from emulator.clock import Clock
from emulator.cloudwatch.alarms import AlarmEvaluator, AlarmRule, verdict
from emulator.cloudwatch.metrics import Metrics, RegionMetrics

RULE = AlarmRule(
    queries=[
        {
            "Id": "m1",
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M"}, "Stat": "Sum", "Period": 60},
        }
    ],
    judged="m1",
    period_min=1,
    comparison="GreaterThanOrEqualToThreshold",
    threshold=1.0,
    of=1,
    to_alarm=1,
    missing="notBreaching",
)


class Alarm:
    """An alarm that remembers what became of it."""

    name, rule = "trouble", RULE

    def __init__(self) -> None:
        self.history: list[tuple[str, str, str]] = []

    @property
    def is_new(self) -> bool:
        """True until its state was set."""
        return not self.history

    @property
    def state(self) -> str:
        """The newest state."""
        return self.history[-1][0] if self.history else "INSUFFICIENT_DATA"

    def set_state(self, *told: str) -> None:
        """Keep it."""
        self.history.append(told)  # type: ignore[arg-type]

    def actions(self, state: str) -> Sequence[str]:
        """One topic hears of everything."""
        return [f"topic-{state}"]

    def message(self, before: str) -> str:
        """The state before."""
        return before


@pytest.fixture
def world() -> tuple[Alarm, RegionMetrics, Clock, AlarmEvaluator, list[Any]]:
    """An alarm, what it watches, the clock at 08:00:00, its evaluator, and what was told."""
    clock, told = Clock(lambda: 28_800.0), []
    metrics, alarm = Metrics(clock), Alarm()

    def tell(*what: str) -> None:
        told.append(what)
        if len(told) == 1:
            raise ConnectionError

    evaluator = AlarmEvaluator(metrics, clock, lambda _region: [alarm], tell)
    return alarm, metrics.of("us-east-1"), clock, evaluator, told


def test_an_alarm_follows_its_metric_and_tells_of_each_change(
    world: tuple[Alarm, RegionMetrics, Clock, AlarmEvaluator, list[Any]],
) -> None:
    """OK at once, an alarm after the minute with the value, OK once that is out of the range that is looked at.

    A topic that fails stops nothing.
    """
    alarm, metrics, clock, evaluator, told = world
    evaluator.evaluate()
    assert [state for state, _, _ in alarm.history] == ["OK"]
    metrics.put("N", "M", 3)
    for _ in range(20):
        evaluator.evaluate()
        clock.advance(15)
    assert [state for state, _, _ in alarm.history] == ["OK", "ALARM", "OK"]
    assert [(topic, before) for _, topic, _, before in told] == [
        ("topic-OK", "INSUFFICIENT_DATA"),
        ("topic-ALARM", "OK"),
        ("topic-OK", "ALARM"),
    ]
    assert told[1][2] == 'ALARM: "trouble" in us-east-1'


def test_the_reason_is_in_cloudwatchs_words() -> None:
    """With the datapoints that breached, newest first, and the threshold; its data is JSON."""
    metrics = RegionMetrics(Clock())
    for minute, value in ((480, 3.0), (481, 2.0)):
        metrics.put("N", "M", value, at_s=minute * 60)
    rule = AlarmRule(**{**{name: getattr(RULE, name) for name in RULE.__slots__}, "of": 3, "to_alarm": 2})
    state, reason, data = verdict(metrics, rule, 482, "OK")
    assert state == "ALARM"
    assert reason == (
        "Threshold Crossed: 2 datapoints [2.0 (01/01/70 08:01:00), 3.0 (01/01/70 08:00:00)] were greater than or "
        "equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert json.loads(data)["recentDatapoints"] == [3.0, 2.0]
    state, reason, _ = verdict(metrics, RULE, 999, "ALARM")
    assert state == "OK"
    assert reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NotBreaching]."
    )
