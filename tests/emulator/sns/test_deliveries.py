"""Deliveries to subscribers."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.clock import Clock
from emulator.cloudwatch.metrics import Metrics
from emulator.sns.deliveries import Deliveries, Endpoint, NotDeliveredError
from tests.support.cloudwatch import of_region

PATIENT: Any = {"retries": 3, "give_up": lambda: None}


@pytest.fixture
def clock() -> Clock:
    """The clock that retries go by."""
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> Metrics:
    """Where deliveries are counted."""
    return Metrics(clock)


@pytest.fixture
def deliveries(clock: Clock, metrics: Metrics) -> Iterator[Deliveries]:
    """Deliveries until the test ends."""
    made = Deliveries(clock, metrics)
    yield made
    made.close()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_after(clock: Clock, true: Callable[[], bool]) -> None:
    """Move the clock until something is true: a pause may begin only after a move."""

    def moved() -> bool:
        clock.advance(20)
        return true()

    until(moved)


def failing(times: int, *, may_pass: bool = True) -> tuple[list[int], Callable[[], None]]:
    """The attempts so far, and what fails as often as this before it succeeds."""
    attempts: list[int] = []

    def send() -> None:
        attempts.append(len(attempts))
        if len(attempts) <= times:
            raise NotDeliveredError("nobody there", may_pass=may_pass)

    return attempts, send


def test_what_fails_is_tried_again_by_the_local_clock_and_then_given_up(
    deliveries: Deliveries, clock: Clock, metrics: Metrics
) -> None:
    """Three more attempts, twenty seconds apart; the counts say what waits and what is lost, and why."""
    attempts, send = failing(9)
    given_up = threading.Event()
    deliveries.offer("r", "alerts", "https://dead", send, retries=3, give_up=given_up.set)
    until(lambda: deliveries.status("r")["https://dead"] == Endpoint(0, 1, 0, "nobody there"))
    clock.advance(15)
    time.sleep(0.2)
    assert len(attempts) == 1
    until_after(clock, lambda: deliveries.status("r")["https://dead"] == Endpoint(0, 0, 1, "nobody there"))
    assert len(attempts) == 4
    assert given_up.is_set()
    topic = {"TopicName": "alerts"}
    until(lambda: of_region(metrics.of("r"), "AWS/SNS", "NumberOfNotificationsFailed", topic) == 1)


@pytest.mark.parametrize(("failures", "may_pass", "ends"), [(2, True, (1, 0, 0)), (1, False, (0, 0, 1))])
def test_trouble_that_passes_is_outlived_and_a_refusal_is_final(
    deliveries: Deliveries, clock: Clock, failures: int, may_pass: bool, ends: tuple[int, int, int]
) -> None:
    """A subscriber that comes back gets its notification; one that refuses it is not asked again."""
    attempts, send = failing(failures, may_pass=may_pass)
    deliveries.offer("r", "alerts", "https://slow", send, **PATIENT)

    def counts() -> tuple[int, int, int]:
        found = deliveries.status("r")["https://slow"]
        return found.delivered, found.waiting, found.undelivered

    until_after(clock, lambda: counts() == ends)
    assert len(attempts) == failures + ends[0]


def test_a_subscriber_that_hangs_holds_up_no_other(deliveries: Deliveries) -> None:
    """Each notification is delivered by itself."""
    hanging, sent = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.wait(30)

    deliveries.offer("r", "alerts", "https://hangs", hang, **PATIENT)
    deliveries.offer("r", "alerts", "https://answers", sent.set, **PATIENT)
    assert sent.wait(10)
    hanging.set()
