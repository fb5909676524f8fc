"""The units, calls and delay that the writer's settings lead to: `python -m benchmarks.batching`.

A fleet sends a request from each host every ten seconds, at a second of its own. Counts are the same on every machine.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf
from statistics import mean
from typing import NamedTuple

from benchmarks.metering import write_units
from benchmarks.report import print_head, print_row
from handlers.adapters.timestream.packing import Packer
from handlers.adapters.timestream.prepared import Preparer
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series

METRICS = 40
EVERY_S = 10
_START_NS = 1_763_769_600_000_000_000
# Of each setting so many batches are packed; what they learn from is not counted.
_LEARNED, _COUNTED = 2, 4


class Setting(NamedTuple):
    """The settings of a pipeline by which its batches form."""

    hosts: int
    window_s: int
    batch_size: int
    parallelization: int = 1
    by_host: bool = False


class Batch(NamedTuple):
    """The requests of a batch, by their hosts and the seconds at which they came, and when the batch was full."""

    requests: Sequence[tuple[int, float]]
    closed_s: float


SETTINGS = [
    *[Setting(100, window_s, 500) for window_s in (1, 2, 5, 10, 30)],
    *[Setting(1000, window_s, 500) for window_s in (1, 2, 5, 10)],
    Setting(1000, 2, 100),
    Setting(1000, 10, 1000),
    Setting(1000, 2, 500, parallelization=2),
    Setting(1000, 2, 500, parallelization=4),
    Setting(1000, 2, 500, parallelization=4, by_host=True),
    Setting(1000, 10, 500, parallelization=4, by_host=True),
]


def main() -> None:
    """Print the table as Markdown."""
    print_head(
        *("hosts", "window s", "batch size", "parallel", "partition key", "points a batch"),
        *("units of a million", "calls of a million", "mean wait s"),
    )
    for setting in SETTINGS:
        points, units, calls, wait_s = measure(setting)
        key = "host" if setting.by_host else "request"
        numbers = f"{points:,.0f} | {units:,.0f} | {calls:,.0f}"
        columns = f"{setting.window_s} | {setting.batch_size} | {setting.parallelization} | {key} | {numbers}"
        print_row(f"{setting.hosts:,}", columns, f"{wait_s:.1f}")


def measure(setting: Setting) -> tuple[float, float, float, float]:
    """The points of a batch, units and calls of a million points, and the mean wait of a request in seconds."""
    packer, preparer = Packer(at_first=inf, in_a_batch=inf), Preparer()
    counts, units, calls, waits_s = [], 0, 0, []
    for number, batch in enumerate(islice(batches(setting), _LEARNED + _COUNTED)):
        points = [point for host, second in batch.requests for point in _points(host, second)]
        packed = packer.pack(points, preparer.prepare([point.series for point in points]))
        if number >= _LEARNED:
            counts.append(len(points))
            units += sum(write_units([points[index] for index in call]) for call in packed)
            calls += len(packed)
            waits_s += [batch.closed_s - second for _, second in batch.requests]
    million = 1e6 / sum(counts)
    return mean(counts), units * million, calls * million, mean(waits_s)


def batches(setting: Setting) -> Iterator[Batch]:
    """The batches of one lane of one shard."""
    held: list[tuple[int, float]] = []
    for host, second in _requests(setting):
        if held and second >= held[0][1] + setting.window_s:
            yield Batch(held, held[0][1] + setting.window_s)
            held = []
        held.append((host, second))
        if len(held) == setting.batch_size:
            yield Batch(held, second)
            held = []


def _requests(setting: Setting) -> Iterator[tuple[int, float]]:
    """The hosts and seconds of the requests that the first lane gets."""
    order = sorted(range(setting.hosts), key=lambda host: _phase_s(host, setting.hosts))
    tick = 0
    while True:
        for host in order:
            key = f"{host}" if setting.by_host else f"{host}/{tick}"
            if zlib.crc32(key.encode()) % setting.parallelization == 0:
                yield host, tick * EVERY_S + _phase_s(host, setting.hosts)
        tick += 1


def _phase_s(host: int, hosts: int) -> float:
    return zlib.crc32(b"%d" % host) % hosts * EVERY_S / hosts


def _points(host: int, second: float) -> list[Point]:
    """A host's metrics, at the whole second."""
    record = StreamRecord("json", "-", f"{host}-{second}", round(second * 1000), 1, "shard", b"")
    where = (
        ("environment", "production"),
        ("host", f"ip-10-20-{host // 8}-{host}.internal"),
        ("region", ("eu-west-1", "us-east-1")[host % 2]),
    )
    return [
        Point(
            Series(f"cpu.core.metric_{metric:02}.rate", "system", where),
            _START_NS + int(second) * 10**9,
            0.5,
            metric,
            record,
        )
        for metric in range(METRICS)
    ]


if __name__ == "__main__":
    main()
