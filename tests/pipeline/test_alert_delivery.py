"""Alerts' messages in bad weather: soon after it the last one is the truth, and each change was told once."""

import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.domain.alerts.periods import Timing
from tests.support.alert_listener import PERIOD, Listener
from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline

READY = 11
RULE = """
rules:
  - {rule_id: hot, metric_name: room.temperature, by: [room], statistic: max, operator: ">", threshold: 90}
"""


class Weather:
    """A run whose minutes pass as fast as its executions end, and what a subscribed queue gets."""

    def __init__(self, running: LocalRun) -> None:
        self.running = running
        self.listener = Listener(running)
        self.heard: list[dict[str, Any]] = []
        self.end_s = 0
        tables = running.client("dynamodb").list_tables()["TableNames"]
        [self.table_name] = [name for name in tables if "AlertWindows" in name]

    def minute(self, **values: float) -> None:
        """Posts a room's value each, in a new period, and lets the period be evaluated."""
        self.end_s = self.listener.move_to_end_of_period()
        self.post(**values)
        self.evaluate()

    def post(self, **values: float) -> None:
        """Posts a room's value each, and waits until their windows are written."""
        rooms = {"elsewhere": 1.0, **values}
        points = [
            {"metric_name": "room.temperature", "value": value, "dimensions": {"room": room}}
            for room, value in rooms.items()
        ]
        before = self.windows()
        assert self.running.post({"metrics": points}).status == 202

        def are_written() -> bool:
            # A batching window passes, but not the grace.
            self.listener.move_to(min(self.listener.now() + 1, self.end_s + READY - 2))
            return self.windows() > before

        wait_for(are_written, "the windows of a batch", seconds=60)

    def windows(self) -> int:
        """The number of batches' items in the table of windows."""
        dynamodb = self.running.client("dynamodb")
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=self.table_name,
            ProjectionExpression="#source",
            ExpressionAttributeNames={"#source": "source"},
        )
        sources = [item["source"]["S"] for page in pages for item in page["Items"]]
        return sum(source.startswith("shardId") for source in sources)

    def evaluate(self) -> None:
        """Moves the clock on until the period's executions have ended, however often they try."""
        self.listener.move_to(self.end_s + READY)

        def has_ended() -> bool:
            self.listen()
            self.listener.move_to(self.listener.now() + 2)
            return self.table().progress()[0].of("", "").end_s >= self.end_s and not self.is_at_work()

        wait_for(has_ended, "the end of an execution", seconds=90)
        self.listen()

    def is_at_work(self) -> bool:
        """True if an execution goes on: one that publishes, or tries to, has evaluated before."""
        states = self.running.client("stepfunctions")
        machine = self.running.environment["TIDEGAUGE_ALERT_EVALUATION_ARN"]
        return bool(states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"])

    def table(self) -> WindowsTable:
        """The table of windows, which the progress stands in."""
        return WindowsTable(self.running.client("dynamodb"), self.table_name, Timing())

    def listen(self) -> None:
        """Takes what is in the queue."""
        for _, message in self.listener.received(self.listener.everything, wait_s=0):
            self.heard.append(json.loads(message["Body"]))

    def told(self, room: str) -> list[tuple[str, int]]:
        """The kinds of a room's messages in the order they came, and for how many others each stands."""
        return [(body["kind"], body["untold"]) for body in self.heard if body["group"]["room"] == room]

    def fault(self, service: str, operation: str, **what: Any) -> None:
        """Asks for a fault."""
        self.running.control("faults", {"service": service, "operation": operation, **what})

    def heal(self) -> None:
        """Ends all faults."""
        self.running.control("faults", method="DELETE")


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weather]:
    """A run without its own feed, with one rule that is in force."""
    folder = tmp_path_factory.mktemp("weather")
    running = LocalRun("--no-feed", "--data", str(folder))
    try:
        rules = folder / "rules.yaml"
        rules.write_text(RULE)
        running.shell(f"python -m ops rules apply {rules}")
        started = Weather(running)
        started.listener.move_to(started.listener.now() + PERIOD)
        started.minute()
        yield started
    finally:
        running.kill()


def test_ten_seconds_without_the_topic_delay_a_message(weather: Weather) -> None:
    """The message comes with the same execution or with the next, once, and its successor after it."""
    weather.end_s = weather.listener.move_to_end_of_period()
    weather.fault("sns", "Publish", error="ThrottlingException")
    weather.post(attic=95)
    weather.listener.move_to(weather.end_s + READY)
    weather.listener.move_to(weather.listener.now() + 10)
    weather.heal()
    weather.evaluate()
    if not weather.told("attic"):
        weather.minute()
    assert weather.told("attic") == [("alarm", 0)]
    weather.minute(attic=1)
    assert weather.told("attic") == [("alarm", 0), ("resolved", 0)]


@pytest.mark.parametrize(
    ("minutes", "values", "told"),
    [(2, [95, 1], ("resolved", 1)), (20, [95, 1, 96], ("alarm", 2))],
)
def test_minutes_without_the_topic_end_in_one_message_that_is_true(
    weather: Weather, minutes: int, values: list[float], told: tuple[str, int]
) -> None:
    """The first evaluation after the trouble sends the last change, which counts those that nobody heard of."""
    room = f"cellar-{minutes}"
    weather.fault("sns", "Publish", error="ThrottlingException")
    for value in values:
        weather.minute(**{room: value})
    weather.listener.move_to(weather.end_s + (minutes - len(values)) * PERIOD)
    weather.minute()
    assert weather.told(room) == []
    weather.heal()
    weather.minute()
    assert weather.told(room) == [told]
    weather.minute(**{room: 1})
    assert weather.told(room)[1:] == ([] if told[0] == "resolved" else [("resolved", 0)])


def test_an_evaluator_that_is_killed_tells_everything_once(weather: Weather) -> None:
    """Whatever it was about when it died: reading rules, windows or alerts, or writing them."""
    rooms = {operation: f"roof-{operation}" for operation in ("Scan", "Query", "BatchGetItem", "UpdateItem")}
    for operation, room in rooms.items():
        weather.end_s = weather.listener.move_to_end_of_period()
        weather.post(**{room: 95})
        weather.fault("dynamodb", operation, latency_ms=1_500)
        weather.listener.move_to(weather.end_s + READY)
        assert kill_evaluators(weather.running) > 0
        weather.heal()
        weather.evaluate()
    weather.minute(**dict.fromkeys(rooms.values(), 1.0))
    for room in rooms.values():
        assert weather.told(room) == [("alarm", 0), ("resolved", 0)], room


def kill_evaluators(running: LocalRun) -> int:
    """The number of evaluator processes that were killed while they were at work."""
    killed = 0

    def has_killed() -> bool:
        nonlocal killed
        for process in psutil.Process(running.process.pid).children(recursive=True):
            try:
                if any("alert_evaluator" in value for value in process.environ().values()):
                    process.kill()
                    killed += 1
            except psutil.Error:
                continue
        return killed > 0

    wait_for(has_killed, "an evaluator to be killed", seconds=60)
    return killed


def test_an_hour_that_the_clock_jumps_tells_nothing_twice(weather: Weather) -> None:
    """An alert that fires across the jump is told of once, and its end once, soon after it."""
    weather.minute(garden=95)
    weather.listener.move_to(weather.listener.now() + 3_600)
    weather.minute()
    assert weather.told("garden") == [("alarm", 0)]
    weather.minute(garden=1)
    assert weather.told("garden") == [("alarm", 0), ("resolved", 0)]
