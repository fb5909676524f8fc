"""The alarms at work: each evaluated every minute of the local clock, and whom it tells told."""

import json
import logging
import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from emulator.clock import Clock
from emulator.cloudwatch import alarm_state, queries
from emulator.cloudwatch.metrics import Metrics, RegionMetrics

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
# A minute is judged when it is over by so much, as what a function logs is read a moment later.
_SETTLED_S = 3.0
_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """The settings of an alarm: of the `queries` one is judged, in periods of `period_min` minutes."""

    queries: Sequence[Mapping[str, Any]]
    judged: str
    period_min: int
    comparison: str
    threshold: float
    of: int
    to_alarm: int
    missing: str


class WatchedAlarm(Protocol):
    """An alarm as it is kept; setting its state is all that is done to it."""

    name: str

    @property
    def rule(self) -> AlarmRule:
        """The metric that it watches, and when that breaches."""

    @property
    def state(self) -> str:
        """OK, ALARM or INSUFFICIENT_DATA."""

    @property
    def is_new(self) -> bool:
        """True until its state was set once."""

    def set_state(self, state: str, reason: str, data: str) -> None:
        """Keep a new state with its reason."""

    def actions(self, state: str) -> Sequence[str]:
        """The ARNs of what is told of this state."""

    def message(self, before: str) -> str:
        """CloudWatch's message on the change from the state before, as JSON."""


Kept = Callable[[str], Sequence[WatchedAlarm]]
"""The alarms of a region."""
Tell = Callable[[str, str, str, str], None]
"""Publishes to a topic: region, its ARN, subject and message."""


class AlarmEvaluator:
    """A thread that evaluates every alarm once a minute, by the local clock, until it is closed."""

    def __init__(self, metrics: Metrics, clock: Clock, kept: Kept, tell: Tell) -> None:
        self._metrics, self._clock, self._kept, self._tell = metrics, clock, kept, tell
        self._judged_minute = -1
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Begin to evaluate."""
        self._thread.start()

    def close(self) -> None:
        """Evaluate nothing any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def evaluate(self) -> None:
        """Evaluate the new alarms, and all of them if a minute is over since the last time."""
        minute = int((self._clock.now() - _SETTLED_S) // 60)
        due, self._judged_minute = minute != self._judged_minute, minute
        for region, metrics in self._metrics.regions.items():
            for alarm in self._kept(region):
                if due or alarm.is_new:
                    self._judge(region, metrics, alarm, minute)

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            self.evaluate()

    def _judge(self, region: str, metrics: RegionMetrics, alarm: WatchedAlarm, minute: int) -> None:
        before = alarm.state
        state, reason, data = verdict(metrics, alarm.rule, minute, before)
        if state == before and not alarm.is_new:
            return
        alarm.set_state(state, reason, data)
        if state == before:
            return
        for topic in alarm.actions(state):
            try:
                self._tell(region, topic, f'{state}: "{alarm.name}" in {region}'[:100], alarm.message(before))
            except Exception:  # noqa: BLE001 - a topic that does not take it must not end the evaluation of the others
                _LOG.warning("alarm %s could not tell %s", alarm.name, topic)


def verdict(metrics: RegionMetrics, rule: AlarmRule, minute: int, before: str) -> tuple[str, str, str]:
    """The state at the end of a minute, the reason in CloudWatch's words, and its data as JSON."""
    periods = rule.of + alarm_state.EXTRA_PERIODS
    first = minute - periods * rule.period_min
    series = queries.run(metrics, rule.queries, first, minute)[rule.judged]
    values = [series.get(start) for start in range(first, minute, rule.period_min)]
    breaches, words = _COMPARISONS[rule.comparison]
    judged = [None if value is None else breaches(value, rule.threshold) for value in values]
    state = alarm_state.state(judged, of=rule.of, to_alarm=rule.to_alarm, missing=rule.missing, before=before)
    there = [
        (first + index * rule.period_min, value) for index, value in enumerate(values) if value is not None
    ][-rule.of :]
    return state, _reason(rule, state, there, words), _data(rule, there)


def _reason(rule: AlarmRule, state: str, there: Sequence[tuple[int, float]], words: str) -> str:
    if not there:
        periods = f"{rule.of} period{'s' * (rule.of > 1)}"
        points = f"{rule.of} missing datapoint{'s were' if rule.of > 1 else ' was'}"
        return f"Threshold Crossed: no datapoints were received for {periods}" + (
            "." if rule.missing == "missing" else f" and {points} treated as [{_title(rule.missing)}]."
        )
    shown = ", ".join(f"{value} ({_moment(minute):%d/%m/%y %H:%M:%S})" for minute, value in reversed(there))
    one = len(there) == 1
    negation = "" if state == alarm_state.ALARM else "not "
    return (
        f"Threshold Crossed: {len(there)} datapoint{'' if one else 's'} [{shown}] {'was' if one else 'were'} "
        f"{negation}{words} the threshold ({rule.threshold})"
        + (
            f" (minimum {rule.to_alarm} datapoint{'s' * (rule.to_alarm > 1)} for OK -> ALARM transition)."
            if rule.of > 1
            else "."
        )
    )


def _data(rule: AlarmRule, there: Sequence[tuple[int, float]]) -> str:
    points = [
        {"timestamp": f"{_moment(minute):%Y-%m-%dT%H:%M:%S.000+0000}", "value": value}
        for minute, value in reversed(there)
    ]
    return json.dumps(
        {
            "version": "1.0",
            "period": rule.period_min * 60,
            "recentDatapoints": [value for _, value in there],
            "threshold": rule.threshold,
            "evaluatedDatapoints": points,
        }
    )


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _title(treatment: str) -> str:
    return treatment[:1].upper() + treatment[1:]
