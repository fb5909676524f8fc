"""The time of a back-test: a day of many series, judged by a rule, in seconds of processor time.

`python -m benchmarks.backtest` prints a line for each load, reading the store's texts included, but not what the store
itself takes to answer; `--hours 1` is quick, `--only avg` has the loads of one statistic.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from benchmarks.report import print_head, print_row
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import HOUR_S, Timing
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.exports.hour import Hour
from ops.history.asked import AskedMetric, Readings, asked_of
from ops.history.hours import Slice
from ops.replay.history_replay import HistoryReplay
from ops.replay.replay import Deployment
from ops.rule_backtest.alerts import AlertLog
from ops.rule_backtest.reading import Progress, replay_history

BEGIN_S = 1_763_769_600
SERIES = 1_000
_GROUP_CAP = 5_000


@dataclass(frozen=True, slots=True)
class Load:
    """Series of a point every so many seconds, and the share of minutes that breach, or if `is_steady` of series."""

    statistic: str
    every_s: int
    breaching: float = 0.0
    is_steady: bool = False

    @property
    def name(self) -> str:
        """The name of how much breaches."""
        if self.is_steady:
            return f"{self.breaching:.0%} fire all day"
        return f"{self.breaching:.0%} of minutes breach" if self.breaching else "none breaches"

    def rule(self) -> Rule:
        """The rule, one group a host."""
        common = {"rule_id": "rule", "by": ["host"], "period": 60, "operator": ">"}
        if self.statistic != "ratio":
            point = {"metric_name": "app.value", "statistic": self.statistic, "threshold": 90}
            return read_rule({**common, **point})
        sides = {
            name: {"metric_name": f"app.{name}", "statistic": "sum"} for name in ("numerator", "denominator")
        }
        return read_rule({**common, **sides, "threshold": 0.9})


class MadeHistory:
    """Hours of points that are made up before, in texts as a store gives them; each hour has those of one."""

    def __init__(self, load: Load, metrics: Sequence[AskedMetric], series: int) -> None:
        self._load, self._series = load, series
        chance = random.Random(7)
        self._texts = {
            metric.metric_name: [self._hour(metric, number, chance) for number in range(series)]
            for metric in metrics
        }

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """The hour."""
        return [Slice(hour.start_s, hour.end_s)]

    def remark(self, _: Hour) -> str:
        """Nothing."""
        return ""

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points of each series, unpacked as those of a store; where some breach, of others in each hour."""
        begin = part.start_s * 10**9 // metric.unit_ns
        texts = self._texts[metric.metric_name]
        turned = 0 if self._load.is_steady else part.start_s // HOUR_S * 7
        for number in range(self._series):
            numbers = orjson.loads(f"[{texts[(number + turned) % self._series]}]")
            yield Readings(
                metric,
                "system",
                (("host", f"host-{number:05d}"),),
                [begin + step for step in numbers[::2]],
                list(map(float, numbers[1::2])),
            )

    def _hour(self, metric: AskedMetric, number: int, chance: random.Random) -> str:
        load, found = self._load, []
        breaches = number < self._series * load.breaching
        for minute_s in range(0, HOUR_S, 60):
            if not load.is_steady:
                breaches = chance.random() < load.breaching
            for second in range(minute_s, minute_s + 60, load.every_s):
                value = round(chance.uniform(*((91, 99) if breaches else (10, 80))), 1)
                shown = 100 if metric.metric_name == "app.denominator" else value
                found.append(f"{second * 10**9 // metric.unit_ns},{shown}")
        return ",".join(found)


def run(load: Load, hours: int, series: int = SERIES) -> tuple[float, AlertLog]:
    """A back-test of so many hours: its seconds of processor time, and the alerts."""
    rule, span = load.rule(), range(BEGIN_S, BEGIN_S + hours * HOUR_S)
    log = AlertLog([rule], span)
    deployment = Deployment(Timing(), Origin("r", "e"), _GROUP_CAP, store_limits(1))
    replay = HistoryReplay([([rule], log)], deployment, BEGIN_S)
    metrics = asked_of([rule])
    history = MadeHistory(load, metrics, series)
    began = time.process_time()
    replay_history(replay, metrics, lambda _: history, span, Progress(hours, lambda _: None))
    return time.process_time() - began, log


LOADS = [
    Load(statistic, every_s, *breaching)
    for statistic in ("avg", "p99", "ratio")
    for every_s in (60, 10)
    for breaching in ((0.0,), (0.15,), (0.5, True))
]


def main() -> None:
    """Print a line for each load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24, help="the hours of points")
    parser.add_argument("--only", default="", help="a statistic: avg, p99 or ratio")
    options = parser.parse_args()
    print_head("statistic", "a point each s", "of 1,000 groups", "firings", "processor s")
    for load in LOADS:
        if options.only in ("", load.statistic):
            seconds, log = run(load, options.hours)
            print_row(load.statistic, load.every_s, load.name, len(log.firings), f"{seconds:.1f}")


if __name__ == "__main__":
    main()
