"""The processor time of the aggregator for a point, by the rules that there are: `python -m benchmarks.aggregator`.

Events as Lambda hands them over, of 50 hosts with 40 metrics each, through the function as it is deployed; its tables
answer at once, so that what is left is our own work. `reading` is the part that the writer does as well: from the event
to points. Cases take turns, and of each the least of some runs counts.
"""

import argparse
import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from itertools import islice
from typing import Any

from benchmarks.peers.loads import NAMES as METRICS
from benchmarks.peers.loads import fleet_points
from benchmarks.report import print_head, print_row
from handlers import window_aggregator
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.collection import paused_collection
from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.portions import portions
from handlers.domain.ingest.request_reader import RequestReader

START_S = 1_763_769_600
BATCH, EVENTS, ROUNDS = 1_000, 6, 5
VARIABLES = {
    "RULES_TABLE": "rules",
    "WINDOWS_TABLE": "windows",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:alerts",
    "TICK_SECONDS": "60",
    "GRACE_SECONDS": "10",
    "MAXIMUM_GROUPS": "1000",
    "OTLP_ATTRIBUTES": "[]",
    "MAGNETIC_RETENTION_DAYS": "30",
}

Event = Mapping[str, Any]


def main() -> None:
    """Print the table as Markdown: microseconds of processor a point, of batches of 1,000 points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each case")
    rounds = parser.parse_args().rounds
    print_head("rules", "points a record", "us a point", "without reading", "sets a point", "calls a batch")
    for size in (100, 1):
        events = [event(points(BATCH, number * BATCH), size) for number in range(EVENTS)]
        functions = {name: Function(rules) for name, rules in CASES.items()}
        reading, readings = Reading(), list[float]()
        costs: dict[str, list[float]] = {name: [] for name in functions}
        for _ in range(rounds):
            readings.append(_processor_us(reading.read, events))
            for name, function in functions.items():
                costs[name].append(_processor_us(function.aggregate, events))
        print_row("reading", size, f"{min(readings):.2f}", "", "", "")
        for name, function in functions.items():
            least = min(costs[name])
            shown = f"{least:.2f}", f"{least - min(readings):.2f}"
            print_row(name, size, *shown, f"{function.sets_a_point:.2f}", f"{function.calls_a_batch:.1f}")


def points(count: int, first: int = 0) -> list[dict[str, Any]]:
    """So many points of the peers' load, from the number `first` on."""
    return list(islice(fleet_points(START_S, first), count))


def event(some: list[dict[str, Any]], size: int) -> Event:
    """An event source mapping's batch, of records of `size` points."""
    bodies = [{"metrics": some[at : at + size]} for at in range(0, len(some), size)]
    return {"Records": [_record(number, body) for number, body in enumerate(bodies)]}


def _record(number: int, body: object) -> dict[str, Any]:
    sequence = f"4959{number:052d}"
    return {
        "kinesis": {
            "partitionKey": f"json/-/request{number}=",
            "sequenceNumber": sequence,
            "data": base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode(),
            "approximateArrivalTimestamp": START_S + 30.0,
        },
        "eventID": f"shardId-000000000000:{sequence}",
    }


class Reading:
    """The first work of both consumers of the stream: from an event to its points."""

    def __init__(self) -> None:
        self._reader = RequestReader(store_limits(30), frozenset())

    def read(self, happened: Event) -> int:
        """The number of points of a batch, which is read whole."""
        batches = portions(read_records(dict(happened)))
        return sum(len(self._reader.read(records).points) for records in batches)


class Function:
    """The aggregator over tables that answer at once, with the rules in force; every call is counted."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self._items = [item_of(read_rule(rule)) for rule in rules]
        self._batches = self._calls = self._sets = self._points = 0
        self._function = window_aggregator.build(
            VARIABLES, self._connect, self._connect, lambda: START_S + 40.0
        )

    def aggregate(self, happened: Event) -> None:
        """Aggregates a batch."""
        log = StringIO()
        with redirect_stdout(log):
            self._function.aggregate(dict(happened), 60.0)
        details = json.loads(log.getvalue())["details"]
        self._batches, self._points = self._batches + 1, self._points + details["points"]
        self._sets += details["groups"]

    @property
    def sets_a_point(self) -> float:
        """The groups of all windows that were written, for each point that was read."""
        return self._sets / max(1, self._points)

    @property
    def calls_a_batch(self) -> float:
        """The calls of AWS, without those that read the rules."""
        return self._calls / max(1, self._batches)

    def scan(self, **_: Any) -> dict[str, Any]:
        """DynamoDB's page of the rules table."""
        return {"Items": self._items}

    def _connect(self, *_: object, **__: object) -> "Function":
        return self

    def __getattr__(self, _: str) -> Any:
        return self._answer

    def _answer(self, **_: Any) -> dict[str, Any]:
        self._calls += 1
        return {"Attributes": {}}


def _rules(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        {
            "rule_id": f"rule-{number}",
            "metric_name": METRICS[number % len(METRICS)],
            "by": ["host"],
            "statistic": ("avg", "max", "sum", "min")[number % 4],
            "operator": ">",
            "threshold": 1e9 + number,
            **{name: value(number) if callable(value) else value for name, value in fields.items()},
        }
        for number in range(count)
    ]


def _own(number: int) -> list[str]:
    """Dimensions of which no two of ten rules name the same."""
    names = ["host", "region", "environment", "device"]
    return [name for place, name in enumerate(names) if (number + 1) >> place & 1]


CASES: Mapping[str, list[dict[str, Any]]] = {
    "none": [],
    "10, each of a metric of its own": _rules(10),
    "10 of one metric, one selection": _rules(10, metric_name=METRICS[0]),
    "10 of one metric, a selection each": _rules(10, metric_name=METRICS[1], by=_own),
    "100 of 40 metrics, 40 selections": _rules(100),
    "100 of 40 metrics, a selection each": _rules(100, by=lambda number: _own(number // len(METRICS))),
    "100, of which 10 match": _rules(
        100, metric_name=lambda number: METRICS[number] if number < 10 else f"other.{number}"
    ),
}


def _processor_us(action: Callable[[Event], object], events: Sequence[Event]) -> float:
    """Microseconds of processor for each point of all events."""
    with paused_collection():
        begin = time.process_time()
        for item in events:
            action(item)
        spent_s = time.process_time() - begin
    return spent_s * 1e6 / (len(events) * BATCH)


if __name__ == "__main__":
    main()
