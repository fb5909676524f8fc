"""Alerts while a backlog of the stream is read after an outage, in which they were evaluated all the time."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.point import Point
from tests.support.alert_pipeline import Pipeline, a_point

START = 1_763_769_600
MINUTE_S, BATCH_S = 60, 10
OUTAGE = 10  # the minute with which nothing is read any more
RULE = {"metric_name": "cpu.load", "by": ["host"], "statistic": "max", "operator": ">", "threshold": 90}
RULES = [
    read_rule({"rule_id": "hot", **RULE}),
    read_rule({"rule_id": "silent", **RULE, "missing_data": "missing"}),
]


class Told(NamedTuple):
    """A change of an alert's state, and the minute in which it was made."""

    rule: str
    host: str | None
    kind: str
    late: bool
    minute: int


def load(host: str, minute: float) -> float:
    """The load of a host: `brief` is hot for three minutes of the outage, `lasting` from its tenth minute on."""
    hot = {"brief": 12 <= minute < 15, "lasting": minute >= 20, "fine": False}
    return 95.0 if hot[host] else 1.0


def arriving(at_s: int) -> list[Point]:
    """The points of ten seconds."""
    minute = (at_s - START) / MINUTE_S
    return [a_point(at_s, load(host, minute), host=host) for host in ("brief", "lasting", "fine")]


@dataclass(frozen=True)
class Outage:
    """Minutes in which nothing is read; after it `speed` batches are read for each that arrives.

    Lambda passes over records that are older than the mapping's maximum age.
    """

    minutes: int
    speed: int
    maximum_age_s: int = 3_600

    def told(self, last_minute: int) -> list[Told]:
        """The changes of state up to a minute, as an evaluation each minute makes them."""
        pipeline = Pipeline(RULES, Timing())
        waiting: deque[tuple[int, BatchRange]] = deque()
        told: list[Told] = []
        for number, now_s in enumerate(range(START, START + last_minute * MINUTE_S, BATCH_S)):
            waiting.append((now_s, BatchRange("shardId-000000000000", number * 10 + 1, number * 10 + 10)))
            minute = (now_s - START) // MINUTE_S
            if not OUTAGE <= minute < OUTAGE + self.minutes:
                for _ in range(min(len(waiting), self.speed)):
                    arrived_s, batch = waiting.popleft()
                    if now_s - arrived_s <= self.maximum_age_s:
                        pipeline.write(arriving(arrived_s), batch, now_s + BATCH_S)
            if now_s % MINUTE_S == BATCH_S and now_s > START + MINUTE_S:
                pipeline.evaluate(now_s - BATCH_S - MINUTE_S)
                for rule, (host,), transition in pipeline.transitions[len(told) :]:
                    told.append(Told(rule, host, transition.kind.value, transition.late, minute))
        return told


def of(told: list[Told], rule: str, host: str) -> list[tuple[str, bool, int]]:
    """The kinds of a group's changes, whether late, and their minutes."""
    return [(one.kind, one.late, one.minute) for one in told if (one.rule, one.host) == (rule, host)]


def test_without_an_outage_each_is_told_in_its_minute() -> None:
    """A breach of three minutes, and one that lasts."""
    told = Outage(0, 1).told(25)
    assert of(told, "hot", "brief") == [("alarm", False, 13), ("resolved", False, 16)]
    assert of(told, "hot", "lasting") == [("alarm", False, 21)]
    assert of(told, "hot", "fine") == []


@pytest.mark.parametrize(
    ("outage", "minute"),
    [(Outage(30, 10), 41), (Outage(30, 3), 44), (Outage(120, 10), 137)],
    ids=["half an hour, ten times", "half an hour, three times", "two hours, ten times"],
)
def test_what_still_breaches_is_told_once_and_late(outage: Outage, minute: int) -> None:
    """When the first of its periods that are young enough were read, long before the backlog is gone."""
    told = outage.told(OUTAGE + outage.minutes + 25)
    assert of(told, "hot", "lasting") == [("alarm", True, minute)]


def test_what_came_and_went_in_an_outage_is_told_if_its_end_was_not_read_with_it() -> None:
    """Between two evaluations ten minutes are read, or three: a breach of three minutes is over in the first case."""
    assert of(Outage(30, 10).told(60), "hot", "brief") == []
    slow = of(Outage(30, 3).told(60), "hot", "brief")
    assert slow == [("alarm", True, 41), ("resolved", False, 42)]


@pytest.mark.parametrize(("speed", "minute"), [(10, 44), (3, 55)])
def test_silence_is_told_at_once_and_over_when_the_backlog_is_gone(speed: int, minute: int) -> None:
    """Of rules that ask for it; to the others silence says nothing."""
    told = Outage(30, speed).told(60)
    assert of(told, "silent", "fine") == [("missing", False, 11), ("resolved", False, minute)]
    assert of(told, "hot", "fine") == []
