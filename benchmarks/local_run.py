"""The load that the whole local run carries, and how late it is then: `python -m benchmarks.local_run`.

Each load has a run of its own, with the environment `load`. A point can be queried when a query that is asked every
0.2 s answers with the mark of its request; a request counts from when it was due. Processor time is that of the whole
load, until its last point was seen.
"""

import argparse
import contextlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.load import MARK, POINTS, Load, Sent
from benchmarks.notifications import Alerts
from benchmarks.processes import Processes, Usage
from benchmarks.report import print_head, print_row
from emulator.client import local_client

_ROOT = Path(__file__).resolve().parents[1]
_READY_S, _SEEN_S = 120.0, 120.0
_ASK_EVERY_S = 0.2
# Loads of fewer points end before a rule's period does.
_ALERTS_FROM = 1_000_000
_SUMMARY = re.compile(r"accepted (\d+) = stored (\d+) \+ superseded (\d+) \+ quarantined (\d+)")
_CASES = ((10_000, 100), (100_000, 100), (1_000_000, 100), (1_000_000, 1_000))
_LONG = ((1_000_000, 10_000), (1_000_000, 100_000), (12_000_000, 1_000))
_PARTS = ("main", "Timestream", "writer", "aggregator", "others", "sender")


@dataclass(frozen=True)
class Measured:
    """One load: until its last answer, until its last point was seen, and what it took; seconds."""

    sent: Sent
    sending_s: float
    all_seen_s: float
    seen_s: Sequence[float]
    notified_s: Sequence[float]
    usage: Usage
    counts: Sequence[int] = field(default=())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables as Markdown; 1 if a point was refused or is not accounted for."""
    options = _parser().parse_args(arguments)
    cases = options.load or [*_CASES, *(_LONG if options.long else ())]
    results = []
    for points, series in cases:
        print(f"{points:,} points of {series:,} series …", file=sys.stderr, flush=True)
        results.append((points, series, _measure(points, series, options.rate)))
    print_head(
        "points", "series", "accepted, points/s", "sent again", "stored, points/s", "to the 202, p50 / p99 / max, ms",
        "to queryable, p50 / p99 / max, s", "from a period's end to notification, p50 / p99, s",
    )  # fmt: skip
    for points, series, one in results:
        print_row(
            f"{points:,}",
            f"{series:,}",
            f"{one.counts[0] / one.sending_s:,.0f}",
            one.sent.resent,
            f"{one.counts[1] / one.all_seen_s:,.0f}",
            " / ".join(f"{1000 * value:.1f}" for value in _percentiles(one.sent.took_s, 50, 99, 100)),
            " / ".join(f"{value:.2f}" for value in _percentiles(one.seen_s, 50, 99, 100)),
            " / ".join(f"{value:.0f}" for value in _percentiles(one.notified_s, 50, 99)) or "–",
        )
    print("\nCores, and microseconds of processor time a point:\n")
    print_head("points", "series", *_PARTS, "all")
    for points, series, one in results:
        used = [one.usage.cpu_s.get(part, 0.0) for part in _PARTS]
        cells = [f"{s / one.all_seen_s:.2f}, {s / points * 1e6:.1f} us" for s in (*used, sum(used))]
        print_row(f"{points:,}", f"{series:,}", *cells)
    print("\nMemory of each process in MB, at the beginning, in the middle and at the end:\n")
    print_head("points", "series", *_PARTS[:4])
    for points, series, one in results:
        memory = one.usage.memory_mb
        chosen = [memory[place * (len(memory) - 1) // 4][1] for place in range(5)]
        print_row(
            f"{points:,}",
            f"{series:,}",
            *(" / ".join(str(now.get(part, 0)) for now in chosen) for part in _PARTS[:4]),
        )
    return int(any(one.sent.refused or sum(one.counts[1:]) != one.counts[0] for _, _, one in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.local_run", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--rate", type=int, default=20_000, help="points a second, %(default)s; 100,000 at most"
    )
    parser.add_argument(
        "--long",
        action="store_true",
        help="also up to 100,000 series, and 12 million points: ten minutes at 20,000/s",
    )
    parser.add_argument(
        "--load", type=_load, nargs="+", metavar="POINTS/SERIES", help="these loads instead, as 1000000/100"
    )
    return parser


def _load(text: str) -> tuple[int, int]:
    points, _, series = text.partition("/")
    return int(points), int(series)


def _measure(points: int, series: int, rate: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as (process, environment):
        load = Load(
            environment["TIDEGAUGE_URL"], series=series, requests=points // POINTS, per_second=rate / POINTS
        )
        _warm_up(environment)
        alerts = Alerts(environment) if points >= _ALERTS_FROM else None
        processes = Processes(process.pid)
        seen = _Seen(environment, load.sent)
        processes.start()
        own = psutil.Process().cpu_times()
        began_s = time.perf_counter()
        if alerts:
            alerts.start()
        seen.start()
        sent = load.run()
        sending_s = time.perf_counter() - began_s
        seen.wait_for_all()
        all_seen_s = time.perf_counter() - began_s
        usage = processes.stop()
        now = psutil.Process().cpu_times()
        usage.cpu_s = {**usage.cpu_s, "sender": now.user + now.system - own.user - own.system}
        notified_s = alerts.finish() if alerts else ()
        process.send_signal(signal.SIGINT)
        process.wait(120)
        output = (Path(folder) / "output.txt").read_text()
        found = _SUMMARY.search(output)
        if process.returncode or found is None:
            raise SystemExit(f"the run ended with {process.returncode}: {output}")
    for refused in sent.refused[:3]:
        print(f"refused: {refused}", file=sys.stderr)
    counts = [int(number) for number in found.groups()]
    return Measured(sent, sending_s, all_seen_s, seen.delays_s, notified_s, usage, counts)


def _warm_up(environment: Mapping[str, str]) -> None:
    """Send a little and wait until it is seen, so that the writer runs and the table has its columns."""
    load = Load(environment["TIDEGAUGE_URL"], series=POINTS, requests=20, per_second=20)
    seen = _Seen(environment, load.run())
    seen.start()
    seen.wait_for_all()


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Mapping[str, str]]]:
    """A local run without a feed, once it is ready, and its environment file's variables."""
    file = folder / "run.env"
    command = [
        sys.executable, "-m", "local", "--environment", "load", "--no-feed",
        "--port", "auto", "--aws-port", "auto", "--env-file", str(file),
    ]  # fmt: skip
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=_ROOT, stdout=output, stderr=output, process_group=0)
    try:
        until_s = time.monotonic() + _READY_S
        while not file.exists():
            if process.poll() is not None or time.monotonic() > until_s:
                raise SystemExit(f"the run did not start: {(folder / 'output.txt').read_text()}")
            time.sleep(0.1)
        lines = (shlex.split(line)[1] for line in file.read_text().splitlines())
        yield process, dict(line.split("=", 1) for line in lines)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(120)


class _Seen:
    """Asks for the marks that no query has seen yet, in a thread of its own, and keeps how long each took."""

    def __init__(self, environment: Mapping[str, str], sent: Sent) -> None:
        self._client = local_client(
            "timestream-query",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region=environment["AWS_REGION"],
        )
        self._table = f'"{environment["TIDEGAUGE_DATABASE_NAME"]}"."{environment["TIDEGAUGE_TABLE_NAME"]}"'
        self._sent = sent
        self._waiting: dict[int, float] = {}
        self._taken = 0
        self._sending = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.delays_s: list[float] = []

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def wait_for_all(self) -> None:
        """Go on until everything that was sent is seen; SystemExit when it is not within two minutes."""
        self._sending = False
        self._thread.join(_SEEN_S)
        if self._thread.is_alive():
            raise SystemExit(
                f"{len(self._waiting)} requests were accepted and not seen within {_SEEN_S:.0f} s"
            )

    def _watch(self) -> None:
        while self._sending or self._waiting or self._taken < len(self._sent.due_s):
            # What is asked for was accepted before the question.
            due_s = list(self._sent.due_s.items())
            self._waiting.update(due_s[self._taken :])
            self._taken = len(due_s)
            for stamp_ms in self._ask():
                due = self._waiting.pop(stamp_ms, None)
                if due is not None:
                    self.delays_s.append(time.perf_counter() - due)
            time.sleep(_ASK_EVERY_S)

    def _ask(self) -> Iterator[int]:
        if not self._waiting:
            return
        sql = (
            f"SELECT to_milliseconds(time) FROM {self._table} "
            f"WHERE metric_name = '{MARK}' AND time >= from_milliseconds({min(self._waiting)})"
        )
        with contextlib.suppress(self._client.exceptions.ValidationException):  # no column yet
            for page in self._client.get_paginator("query").paginate(QueryString=sql):
                for row in page["Rows"]:
                    yield int(row["Data"][0]["ScalarValue"])


def _percentiles(values: Sequence[float], *percents: int) -> Sequence[float]:
    """The values at these percents, nearest rank; none of none."""
    ordered = sorted(values)
    return [ordered[max(0, -(-len(ordered) * percent // 100) - 1)] for percent in percents] if ordered else []


if __name__ == "__main__":
    raise SystemExit(main())
