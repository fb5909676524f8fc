"""The cost and the time of alerts: the real handlers' code over emulated tables, every unit counted.

`python -m benchmarks.alerts` prints seconds and units per evaluation interval, and dollars a month; `alert_scale` has
loads that are large.
"""

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.alert_tables import CountedDynamoDb, alert_tables
from benchmarks.report import print_head, print_row
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.client import connect_to_dynamodb
from handlers.adapters.dynamodb.rules_table import RulesTable, item_of
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.windows.aggregation import aggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.progress import KeyRange, Reached
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series
from ops.bill.prices import prices

START = 1_763_769_600
GROUP_CAP = 1_000
MONTH = 30.4375 * 86_400
RECORD = StreamRecord("json", "-", "request", START * 1000, 1, "shardId-000000000000", b"")
AGGREGATOR_GB, EVALUATOR_GB, EXPRESS_GB = 0.5, 1.0, 0.0625
# Of an execution besides its wait and its functions, and of a function besides its own work (network, runtime).
STEP_SECONDS, CALL_SECONDS = 0.3, 0.05


@dataclass(frozen=True)
class Load:
    """So many rules of so many groups; each group sends a point every so many seconds."""

    rules: int
    groups: int
    shards: int = 1
    window: int = 10
    every: int = 10
    digits: int | None = 1
    breach: bool = False
    statistic: str = "avg"


@dataclass(frozen=True)
class Result:
    """One interval of a load in the steady state."""

    load: Load
    aggregate_seconds: float
    evaluate_seconds: float
    write_units: float
    read_units: float

    @property
    def month(self) -> dict[str, float]:
        """Dollars a month by what they are for."""
        intervals, batches = MONTH / 60, MONTH / self.load.window * self.load.shards
        waiting = 11 - self.load.window / 2 if self.load.window < 11 else 1
        aggregating = batches * (self.aggregate_seconds + CALL_SECONDS) * AGGREGATOR_GB
        evaluating = intervals * (self.evaluate_seconds + 3 * CALL_SECONDS) * EVALUATOR_GB
        # The interval's own execution waits for its grace; the sweep's finds that nothing is left, and ends.
        executing = waiting + self.evaluate_seconds + 2 * STEP_SECONDS
        return {
            "writes": intervals * self.write_units * _dollars("dynamodb_write"),
            "reads": intervals * self.read_units * _dollars("dynamodb_read"),
            "functions": (aggregating + evaluating) * _dollars("lambda_gb_second")
            + (batches + 3 * intervals) * _dollars("lambda_request"),
            "executions": 2 * intervals * _dollars("express_request")
            + intervals * executing * EXPRESS_GB * _dollars("express_gb_second"),
        }


def _dollars(price: str) -> float:
    return prices()[price].dollars


def run(load: Load, intervals: int = 3) -> Result:
    """The last of some intervals of a load, measured and counted."""
    timing, chance = Timing(), random.Random(7)
    with alert_tables() as names:
        client = CountedDynamoDb(connect_to_dynamodb(read_timeout_s=30, attempts=4, connections=16))
        for number in range(load.rules):
            document = {"rule_id": f"rule-{number}", "metric_name": f"app.metric.{number}", "by": ["host"]}
            bound = -1 if load.breach else 1e6
            rule = read_rule({**document, "statistic": load.statistic, "operator": ">", "threshold": bound})
            client.put_item(TableName=names["AlertRulesTable"], Item=item_of(rule))
        clock = [float(START)]
        windows = WindowsTable(client, names["AlertWindowsTable"], timing, lambda: clock[0])
        rules = RulesTable(client, names["AlertRulesTable"], fresh_seconds=600)
        alerts = AlertsTable(client, names["AlertsTable"])
        evaluator = Evaluator(rules, windows, alerts, timing, Origin("r", "e"), GROUP_CAP, PAGE_LIMITS)
        index = SelectionIndex(rules.rules().rules)
        sequence = 0
        windows.advance(KeyRange(), Reached(START, START), START)
        for start in range(START, START + 60 * intervals, 60):
            client.reset()
            aggregating = []
            for begin in range(start, start + 60, load.window):
                clock[0] = begin + load.window
                for shard in range(load.shards):
                    points = list(_points(load, begin, shard, chance))
                    began = time.process_time()
                    found = aggregate(points, index, clock[0], timing, GROUP_CAP)
                    batch = BatchRange(f"shardId-{shard:012d}", 10**55 + sequence, 10**55 + sequence + 99)
                    for part in windows.cut(batch):
                        windows.write(found.windows, part)
                    rules.fresh()
                    aggregating.append(time.process_time() - began)
                    sequence += 100
            windows.claim(start, clock[0])
            clock[0] = timing.ready_at(start)
            began = time.process_time()
            for chunk in evaluator.plan(start, clock[0])["chunks"]:
                evaluator.evaluate(chunk, start, start, clock[0])
                evaluator.next_page(chunk, "", clock[0])
            evaluating = time.process_time() - began
            evaluator.plan(None, clock[0])
    average = sum(aggregating) / len(aggregating)
    return Result(load, average, evaluating, client.writes, client.reads)


def _points(load: Load, begin: int, shard: int, chance: random.Random) -> Iterator[Point]:
    """The batch of one shard: each shard has its share of every group's points."""
    step = load.every * load.shards
    for second in range(begin + shard * load.every, begin + load.window, step):
        for number in range(load.rules):
            for host in range(load.groups):
                value = chance.random() * 100
                value = value if load.digits is None else round(value, load.digits)
                dimensions = (("host", f"host-{host:05d}"),)
                series = Series(f"app.metric.{number}", "system", dimensions)
                yield Point(series, second * 10**9, value, 0, RECORD)


LOADS = (
    Load(1, 100),
    Load(1, 1_000),
    Load(10, 100),
    Load(10, 100, window=30),
    Load(10, 100, window=60),
    Load(10, 100, every=1),
    Load(10, 100, every=1, digits=None),
    Load(10, 100, shards=4, every=2),
    Load(100, 100),
    Load(100, 100, window=60),
    *(Load(1, 1_000, statistic=statistic) for statistic in ("p99", "stddev", "rate")),
    *(Load(10, 100, every=1, statistic=statistic) for statistic in ("p99", "stddev", "rate")),
    Load(10, 100, every=1, digits=None, statistic="p99"),
    *(Load(1, 1_000, every=1, statistic=statistic) for statistic in ("avg", "p99")),
)


def main() -> None:
    """Print a line for each load."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print_head(
        *("rules x groups", "statistic", "shards", "window s", "each s", "digits"),
        *("batch s", "interval s", "WRU", "RRU", "$ a month"),
    )
    of_avg: dict[Load, float] = {}
    for load in (*LOADS, Load(100, 100, breach=True)):
        result = run(load)
        month = result.month
        parts = " + ".join(f"{dollars:.2f} {name}" for name, dollars in month.items())
        avg = of_avg.setdefault(replace(load, statistic="avg"), sum(month.values()))
        times = "" if load.statistic == "avg" else f", {sum(month.values()) / avg:.2f} times avg"
        print_row(
            *(f"{load.rules} x {load.groups}", load.statistic, load.shards, load.window, load.every),
            *("all" if load.digits is None else load.digits, f"{result.aggregate_seconds:.3f}"),
            *(f"{result.evaluate_seconds:.2f}", f"{result.write_units:.0f}", f"{result.read_units:.0f}"),
            "all fire" if load.breach else f"{sum(month.values()):.2f} = {parts}{times}",
        )


if __name__ == "__main__":
    main()
