"""The time to merge a group of a batch, by statistic and points: `python -m benchmarks.alert_merging`.

*Weight* is what the evaluator reckons with (`rules.statistic`), in that of a sum; *times* is what was measured. *Value*
is the time to reckon the statistic once all is merged, which only groups that may breach cost.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence

from benchmarks.report import print_head, print_row
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.rules.statistic import Part, Statistic
from handlers.domain.alerts.windows.aggregation import Window, WindowAggregate
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.alerts.windows.merging import MergedWindow, Wanted, merge_windows
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.statistics.counters import Counters
from handlers.domain.alerts.windows.window_items import WindowItem, window_items
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series

_START_S, _GROUPS, _SETS, _ROUNDS, _ITEM_BYTES = 1_763_769_600, 1_000, 20_000, 3, 350_000
_WINDOW = Window("ab12cd34", _START_S)
_RECORD = StreamRecord("json", "-", "request", _START_S * 1000, 1, "shardId-000000000000", b"")
_STATISTICS = ("avg", "max", "stddev", "p99", "rate")


def main() -> None:
    """Print the table as Markdown."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print_head("points", "statistic", "weight", "us a group", "times", "bytes", "value us")
    for points in (1, 10, 100):
        sums_us = 0.0
        for name in _STATISTICS:
            statistic = Statistic.read(name)
            assert statistic is not None
            items = list(_items(statistic, points, max(1, _SETS // _GROUPS // points)))
            sets = len(items) * _GROUPS
            merge_us, merged = _merged(items, statistic)
            merge_us /= sets
            sums_us = sums_us or merge_us
            size = sum(len(item.data) for item in items) / sets
            print_row(
                *(points, name, statistic.weight, f"{merge_us:.2f}", f"{merge_us / sums_us:.1f}"),
                *(f"{size:.1f}", f"{_value_us(merged, statistic):.0f}"),
            )


def _items(statistic: Statistic, points: int, batches: int) -> Iterator[WindowItem]:
    """Batches in which each group has so many values with a long tail, or a counter that grows."""
    chance, parts = random.Random(3), statistic.parts
    for batch in range(batches):
        sets: dict[Group, StatisticSet] = {}
        for number in range(_GROUPS):
            group = (f"host-{number:05d}",)
            values = [round(chance.lognormvariate(3, 1), 1) for _ in range(points)]
            counters = _counters(group[0], batch, points) if Part.COUNTERS in parts else None
            sets[group] = StatisticSet.of(values, parts & {Part.SQUARES, Part.SKETCH}, counters)
        records = BatchRange("shardId-000000000000", batch * 10, batch * 10 + 9)
        content = {_WINDOW: WindowAggregate(sets, 0)}
        yield from window_items(content, records, _START_S + batch, Timing(), _ITEM_BYTES)


def _counters(host: str, batch: int, points: int) -> Counters:
    series = Series("metric", "system", (("host", host),))
    times = ((_START_S + batch) * 10**9 + number * 10**9 // points for number in range(points))
    values = (float(batch * points + number) for number in range(points))
    return Counters.of(
        [Point(series, *both, 0, _RECORD) for both in zip(times, values, strict=True)], ("host",)
    )


def _merged(items: Sequence[WindowItem], statistic: Statistic) -> tuple[float, MergedWindow]:
    """The least microseconds of processor of some rounds, and the window."""
    wanted = {_WINDOW: Wanted(_START_S + 3_600, False, True, statistic.parts)}
    spent = []
    for _ in range(_ROUNDS):
        began_s = time.process_time()
        merged = merge_windows(items, wanted)
        spent.append((time.process_time() - began_s) * 1e6)
    return min(spent), merged[_WINDOW]


def _value_us(merged: MergedWindow, statistic: Statistic) -> float:
    began_s = time.process_time()
    for group in merged.names:
        found = merged.aggregate(group)
        assert found is not None
        found.statistics.value(statistic, 60)
    return (time.process_time() - began_s) * 1e6 / _GROUPS


if __name__ == "__main__":
    main()
