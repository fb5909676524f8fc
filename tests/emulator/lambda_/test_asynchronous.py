"""Asynchronous invocations, on a clock that the test moves."""

from collections.abc import Iterator

import pytest

from emulator.clock import Clock
from emulator.cloudwatch.metrics import MetricId, RegionMetrics
from emulator.lambda_.asynchronous import AsynchronousInvocations
from emulator.lambda_.invocation import InvokeResult, failed, throttled
from tests.support.local_run import wait_for

FAILED, THROTTLED, WELL = failed("Error", "why"), throttled(), InvokeResult(b"null")


class World:
    """The invocations of one function, which answers as the test says."""

    def __init__(self) -> None:
        self.clock = Clock(lambda: 1_800_000_000.0)
        self.metrics = RegionMetrics(self.clock)
        self.invocations = AsynchronousInvocations(self.clock, self.metrics)
        self.answers: list[InvokeResult] = []
        self.calls: list[float] = []

    def invoke(self) -> InvokeResult:
        """The next answer, at which time it was given is kept."""
        self.calls.append(self.clock.offset_s)
        return self.answers[min(len(self.calls), len(self.answers)) - 1]

    def wait_for_calls(self, number: int) -> None:
        """Until the function was invoked so often."""
        wait_for(lambda: len(self.calls) == number, f"{number} invocations", seconds=20)

    @property
    def dropped(self) -> int:
        """Events that Lambda gave up."""
        metric = MetricId("AWS/Lambda", "AsyncEventsDropped", (("FunctionName", "forwarder"),))
        found = self.metrics.values(metric, 0, 2**40)
        return 0 if found is None else round(found.sum)


@pytest.fixture
def world() -> Iterator[World]:
    """One that ends with the test."""
    made = World()
    yield made
    made.invocations.close()


def test_an_error_is_tried_again_after_one_minute_and_two_more_and_dropped(world: World) -> None:
    """Three attempts in all; what is dropped is counted."""
    world.answers = [FAILED]
    world.invocations.offer("forwarder", world.invoke)
    world.wait_for_calls(1)
    for number, seconds in ((2, 60), (3, 120)):
        wait_for(lambda: bool(world.invocations._waiting), "the next attempt", seconds=20)
        world.clock.advance(seconds)
        world.wait_for_calls(number)
    wait_for(lambda: world.dropped == 1, "the drop", seconds=20)
    assert world.calls == [0, 60, 180]


def test_a_throttle_is_no_attempt(world: World) -> None:
    """It comes back after a second, then two; the function's own attempts are still three."""
    world.answers = [THROTTLED, THROTTLED, WELL]
    world.invocations.offer("forwarder", world.invoke)
    world.wait_for_calls(1)
    for number, seconds in ((2, 1), (3, 2)):
        wait_for(lambda: bool(world.invocations._waiting), "the next attempt", seconds=20)
        world.clock.advance(seconds)
        world.wait_for_calls(number)
    assert world.dropped == 0
