"""The time, memory, units and executions of large alert loads: `python -m benchmarks.alert_scale [LOAD…]`.

The functions as they are deployed, over emulated tables in a process of their own; each function is a process, too, so
that its processor time and its memory are its own. Points come on four shards, as many as an on-demand stream begins
with, in batches of ten seconds. A line is one interval: what the aggregator did in it, and its evaluation.
"""

import argparse
import base64
import io
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.alert_tables import CountedDynamoDb, alert_tables
from benchmarks.alerts import AGGREGATOR_GB, CALL_SECONDS, EVALUATOR_GB, EXPRESS_GB, MONTH, STEP_SECONDS
from benchmarks.report import print_head, print_row
from handlers import alert_evaluator, window_aggregator
from handlers.adapters.dynamodb.client import DynamoDb, connect_to_dynamodb
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.windows.progress import KeyRange, Reached
from ops.bill.prices import prices

START_S = 1_763_769_600
SHARDS, BATCH_S, INTERVAL_S = 4, 10, 60
_POINTS_A_RECORD = 100
_SECONDS = 60.0
# What a page costs is told by some; ten thousand notifications are 250, of tables that are emulated.
PAGES = 10


@dataclass(frozen=True)
class Interval:
    """A minute of a load: whether its points breach, how old they are, and whether a line tells of it."""

    name: str = ""
    breach: bool = False
    late_s: int = 0


@dataclass(frozen=True)
class ScaleLoad:
    """So many rules, each of a metric of its own with so many groups, and the points that a group has in each batch."""

    rules: int
    groups: int
    intervals: tuple[Interval, ...] = (Interval(), Interval("healthy"))
    points: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict)
    maximum_groups: int = 1_000

    def documents(self) -> Iterator[dict[str, Any]]:
        """The rules."""
        for number in range(self.rules):
            yield {
                "rule_id": f"rule-{number:04d}",
                "metric_name": f"app.metric.{number}",
                "by": ["host"],
                "statistic": "avg",
                "operator": ">",
                "threshold": 5_000,
                "missing_data": "ignore",
                **self.fields,
            }

    def batch(self, begin_s: int, shard: int, interval: Interval) -> list[dict[str, Any]]:
        """The points of ten seconds on one shard: each group sends to one shard after the other."""
        found, turn = [], begin_s // BATCH_S
        for number in range(self.rules):
            for host in range((shard - turn - number) % SHARDS, self.groups, SHARDS):
                for at in range(self.points):
                    value = (host * 7_919 + turn * 104_729 + at * 1_299_709 + number) % 10_000 / 10 + 0.5
                    time_ms = (begin_s - interval.late_s) * 1_000 + at * BATCH_S * 1_000 // self.points
                    found.append(
                        {
                            "metric_name": f"app.metric.{number}",
                            "metric_type": "system",
                            "value": value + 10_000 * interval.breach,
                            "timestamp": time_ms,
                            "dimensions": {"host": f"host-{host:05d}"},
                        }
                    )
        return found


@dataclass
class Used:
    """The use that a function made of everything in one interval."""

    invocations: int = 0
    seconds: float = 0.0
    longest_s: float = 0.0
    memory_mb: int = 0
    writes: float = 0.0
    reads: float = 0.0
    calls: int = 0
    details: dict[str, Any] = field(default_factory=dict)


def variables(names: Mapping[str, str], load: ScaleLoad) -> Mapping[str, str]:
    """The environment of both functions."""
    return {
        "PROJECT": "metrics",
        "ENVIRONMENT": "bench",
        "AWS_REGION": "us-east-1",
        "RULES_TABLE": names["AlertRulesTable"],
        "WINDOWS_TABLE": names["AlertWindowsTable"],
        "ALERTS_TABLE": names["AlertsTable"],
        "SILENCES_TABLE": names["AlertSilencesTable"],
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:alerts",
        "TICK_SECONDS": str(INTERVAL_S),
        "GRACE_SECONDS": str(BATCH_S),
        "OTLP_ATTRIBUTES": "[]",
        "MAXIMUM_GROUPS": str(load.maximum_groups),
        "MAGNETIC_RETENTION_DAYS": "30",
    }


def prepare(load: ScaleLoad, dynamodb: DynamoDb, names: Mapping[str, str]) -> None:
    """Put the rules into force, and have evaluations begin with the first interval that a line tells of."""
    for document in load.documents():
        dynamodb.put_item(TableName=names["AlertRulesTable"], Item=item_of(read_rule(document)))
    first = next(number for number, interval in enumerate(load.intervals) if interval.name)
    begun_s = START_S + first * INTERVAL_S
    table = WindowsTable(dynamodb, names["AlertWindowsTable"], Timing())
    table.advance(KeyRange(), Reached(begun_s, START_S), begun_s)


def aggregate(load: ScaleLoad, dynamodb: Any, names: Mapping[str, str]) -> list[Used]:
    """All intervals through the aggregator."""
    counted, clock, found = CountedDynamoDb(dynamodb), [0.0], []
    function = window_aggregator.build(
        variables(names, load), lambda *_, **__: _Machine(), lambda **_: counted, lambda: clock[0]
    )
    sequence = 0
    for number, interval in enumerate(load.intervals):
        used = Used()
        counted.reset()
        for begin_s in range(START_S + number * INTERVAL_S, START_S + (number + 1) * INTERVAL_S, BATCH_S):
            clock[0] = begin_s + BATCH_S
            for shard in range(SHARDS):
                event = _event(load.batch(begin_s, shard, interval), shard, sequence, clock[0])
                sequence += len(event["Records"])
                _invoke(used, lambda event=event: _aggregated(function, event))
        found.append(_ended(used, counted))
    return found


def evaluate(
    load: ScaleLoad, dynamodb: Any, names: Mapping[str, str], *, most_pages: int = PAGES
) -> list[Used]:
    """The intervals that lines tell of through the evaluator's steps, as the state machine takes them.

    Of a chunk's pages at most so many are handed out.
    """
    counted, clock, found = CountedDynamoDb(dynamodb), [0.0], []
    function = alert_evaluator.build(variables(names, load), lambda **_: counted, lambda: clock[0])
    for number, interval in enumerate(load.intervals):
        if not interval.name:
            continue
        used = Used()
        counted.reset()
        start_s = START_S + number * INTERVAL_S
        clock[0] = start_s + INTERVAL_S + BATCH_S + 1.0
        payload: dict[str, Any] = {"source": "batch", "tick": start_s}
        rounds = chunks = notified = handed = 0
        while True:
            plan = _invoke(used, lambda payload=payload: function.answer({"step": "plan", "input": payload}))
            if not plan["found"]:
                break
            rounds, chunks, behind = rounds + 1, max(chunks, len(plan["chunks"])), False
            for chunk in plan["chunks"]:
                step = {"step": "evaluate", "chunk": chunk, "first": plan["first"], "last": plan["last"]}
                page = _invoke(used, lambda step=step: function.answer(step))
                behind = behind or page.get("behind", False)
                notified, handed = notified + page["count"], handed + 1
                left = most_pages - 1
                while page["more"] and left:
                    left -= 1
                    step = {"step": "hand_out", "chunk": chunk, "after": page["after"]}
                    page = _invoke(used, lambda step=step: function.answer(step))
                    notified, handed = notified + page["count"], handed + 1
            if not behind:
                break
            payload = {"source": "behind", "tick": plan["last"]}
        used.details = {"chunks": chunks, "rounds": rounds, "notified": notified, "pages": handed}
        found.append(_ended(used, counted))
    return found


class _Machine:
    """A state machine that is started and does nothing."""

    def start_execution(self, **_: Any) -> None:
        """Nothing."""


def _aggregated(function: window_aggregator.WindowAggregator, event: dict[str, Any]) -> None:
    log = io.StringIO()
    with redirect_stdout(log):
        answer = function.aggregate(event, _SECONDS)
    assert answer == {"batchItemFailures": []}, log.getvalue()


def _invoke(used: Used, call: Any) -> Any:
    began_s = time.process_time()
    with redirect_stdout(io.StringIO()):
        answer = call()
    spent_s = time.process_time() - began_s
    used.invocations += 1
    used.seconds += spent_s
    used.longest_s = max(used.longest_s, spent_s)
    return answer


def _ended(used: Used, counted: CountedDynamoDb) -> Used:
    used.writes, used.reads, used.calls = counted.writes, counted.reads, counted.calls.total()
    used.memory_mb = _peak_mb()
    return used


def _peak_mb() -> int:
    """The most memory that this process ever had, in MB: of its own, unlike what getrusage tells after a fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def _event(points: list[dict[str, Any]], shard: int, sequence: int, now_s: float) -> dict[str, Any]:
    bodies = [points[at : at + _POINTS_A_RECORD] for at in range(0, len(points), _POINTS_A_RECORD)]
    return {
        "Records": [
            {
                "kinesis": {
                    "partitionKey": f"json/-/request{sequence + number}=",
                    "sequenceNumber": f"4959{sequence + number:052d}",
                    "data": base64.b64encode(json.dumps({"metrics": body}).encode()).decode(),
                    "approximateArrivalTimestamp": now_s,
                },
                "eventID": f"shardId-{shard:012d}:4959{sequence + number:052d}",
            }
            for number, body in enumerate(bodies)
        ]
    }


_OK = (Interval(), Interval("healthy"))
_HOUR = (*(Interval(),) * 59, Interval("full hour"))
_FIRE = (Interval(), Interval("all fire", breach=True), Interval("all resolve"))
_LATE = (*(Interval(),) * 6, Interval("all fire by late points", breach=True, late_s=300))
LOADS: Mapping[str, ScaleLoad] = {
    "1-rule-10000-groups-hourly": ScaleLoad(1, 10_000, _HOUR, 1, {"period": 3600}, 10_000),
    "100-rules-1000-groups": ScaleLoad(100, 1_000),
    "20-rules-5000-groups": ScaleLoad(20, 5_000, maximum_groups=5_000),
    "1000-rules-10-groups": ScaleLoad(1_000, 10),
    "10-rules-1000-groups-fire": ScaleLoad(10, 1_000, _FIRE),
    "10-rules-1000-groups-late": ScaleLoad(10, 1_000, _LATE, fields={"datapoints": "1 of 10"}),
    "avg-100-points": ScaleLoad(1, 1_000, points=100),
    "p99-100-points": ScaleLoad(1, 1_000, points=100, fields={"statistic": "p99"}),
    "1-rule-5000-groups-hourly-p99": ScaleLoad(
        1, 5_000, _HOUR, 1, {"period": 3600, "statistic": "p99"}, 5_000
    ),
}


def _worker(work: Any, load: ScaleLoad, names: Mapping[str, str]) -> Any:
    return work(load, connect_to_dynamodb(read_timeout_s=30, attempts=4, connections=16), names)


def _apart(work: Any, load: ScaleLoad, names: Mapping[str, str]) -> Any:
    """The outcome of a piece of work that a process of its own does."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_worker, work, load, names).result()


def dollars_a_month(aggregated: Used, evaluated: Used) -> float:
    """The cost of a month of such intervals; a sweep finds nothing to do."""
    price = {name: item.dollars for name, item in prices().items()}
    units = (aggregated.writes + evaluated.writes) * price["dynamodb_write"] + (
        aggregated.reads + evaluated.reads
    ) * price["dynamodb_read"]
    invocations = aggregated.invocations + evaluated.invocations + 1
    gb_seconds = (aggregated.seconds + aggregated.invocations * CALL_SECONDS) * AGGREGATOR_GB + (
        evaluated.seconds + (evaluated.invocations + 1) * CALL_SECONDS
    ) * EVALUATOR_GB
    functions = gb_seconds * price["lambda_gb_second"] + invocations * price["lambda_request"]
    waiting_s = BATCH_S / 2 + 1 + evaluated.seconds + 2 * STEP_SECONDS
    machine = 2 * price["express_request"] + waiting_s * EXPRESS_GB * price["express_gb_second"]
    return MONTH / INTERVAL_S * (units + functions + machine)


def main() -> None:
    """Print lines for the loads that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", choices=[[], *LOADS], help="some of them")
    chosen = parser.parse_args().loads or list(LOADS)
    print_head(
        *("load", "interval", "aggregator s", "its longest", "MB", "WRU"),
        *("evaluator s", "its longest", "MB", "WRU", "RRU", "calls", "chunks, rounds, notified, pages"),
        "$ a month",
    )
    for name in chosen:
        load = LOADS[name]
        with alert_tables() as names:
            _apart(prepare, load, names)
            aggregated = _apart(aggregate, load, names)
            evaluated = _apart(evaluate, load, names)
        told = [number for number, interval in enumerate(load.intervals) if interval.name]
        for number, used in zip(told, evaluated, strict=True):
            before = aggregated[number]
            print_row(
                *(name, load.intervals[number].name, f"{before.seconds:.1f}", f"{before.longest_s:.2f}"),
                *(before.memory_mb, f"{before.writes:.0f}", f"{used.seconds:.1f}", f"{used.longest_s:.1f}"),
                *(used.memory_mb, f"{used.writes:.0f}", f"{used.reads:.0f}", used.calls),
                ", ".join(map(str, used.details.values())),
                f"{dollars_a_month(before, used):.2f}" if load.intervals[number].name == "healthy" else "",
            )


if __name__ == "__main__":
    main()
