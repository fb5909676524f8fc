"""A replay of points: the product's own aggregator and evaluator, by a clock that is given."""

from typing import Any

import pytest

from handlers.vocabulary import AlertState
from ops.replay.replay import PointRefusedError, Replay, Request
from tests.support.replays import DEPLOYMENT
from tests.support.rules import a_rule

START = 1_767_571_200


def replayed(*requests: Request, since_s: int = START, minutes: int = 5, **rule: Any) -> Replay:
    """A replay of five minutes."""
    replay = Replay([a_rule(**rule)], DEPLOYMENT, in_force_since_s=since_s)
    replay.run(requests, range(START, START + 60 * minutes, 60))
    return replay


def request(time_s: int, value: float, at_s: int | None = None, **fields: Any) -> Request:
    """A request of one point, which comes at its own time or another."""
    metric = {"metric_name": "cpu.load", "value": value, "timestamp": (START + time_s) * 1000} | fields
    return Request(START + (time_s if at_s is None else at_s), [metric])


def transitions(replay: Replay) -> list[tuple[int, AlertState, bool]]:
    """The transitions, by seconds from the start, and if they are late."""
    return [
        (one.at_s - START, one.state, one.late)
        for update in replay.alerts.updates
        for one in update.transitions
    ]


@pytest.mark.parametrize(("at_s", "late"), [(71, False), (72, True)])
def test_an_interval_knows_what_had_come_when_it_was_ready(at_s: int, late: bool) -> None:
    """Its end, the grace and a second: what comes later counts with the next one, and is late."""
    replay = replayed(request(30, 5, at_s), request(130, 1), request(190, 1))
    fired, *_ = transitions(replay)
    assert fired == (120 if late else 60, AlertState.ALARM, late)


def test_a_rule_judges_the_periods_that_begin_when_it_is_in_force() -> None:
    """Points before that are none of it."""
    replay = replayed(request(30, 5), request(90, 5), since_s=START + 31)
    assert transitions(replay)[0][0] == 120


def test_requests_come_in_the_order_of_their_times() -> None:
    """However they are given, and those of one time in one batch."""
    replay = replayed(request(130, 1), request(30, 5), request(70, 1), request(70, 2))
    assert transitions(replay) == [(60, AlertState.ALARM, False), (120, AlertState.OK, False)]


def test_notifications_are_published_as_they_are_made() -> None:
    """The topic takes each at once."""
    replay = replayed(request(30, 5), request(90, 1))
    assert [notification.body["kind"] for _, notification in replay.alerts.published] == ["alarm", "resolved"]


def test_points_that_the_pipeline_refuses_are_said() -> None:
    """Also those that it would answer 400 to."""
    for fields in ({"metric_name": ""}, {"timestamp": "x"}, {"dimensions": {"a": 5}}, {"unknown": 1}):
        with pytest.raises(PointRefusedError):
            replayed(request(30, 5, **fields))
