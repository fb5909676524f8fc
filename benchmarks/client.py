"""The cost of a point to the program that records it, and of a batch to its thread: `python -m benchmarks.client`."""

import gzip
import logging
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.report import best, print_head, print_row
from tidegauge_client import Client
from tidegauge_client.point import Encoder

_POINTS = 50_000
_BATCH = 500
_RECORDED: Mapping[str, Callable[[Client, int], None]] = {
    "no dimensions": lambda client, _: client.record("checkout.latency", 0.213),
    "two dimensions, a series that repeats": lambda client, _: client.record(
        "checkout.latency", 0.213, {"route": "/pay", "zone": "a"}
    ),
    "two dimensions, always another series": lambda client, number: client.record(
        "checkout.latency", 0.213, {"route": "/pay", "id": str(number)}
    ),
    "no number: counted": lambda client, _: client.record("checkout.latency", float("nan")),
}


def main() -> None:
    """Print the tables as Markdown."""
    logging.getLogger("tidegauge_client").addHandler(logging.NullHandler())
    print_head("`record()`", "µs a point")
    for name, record in _RECORDED.items():
        print_row(name, f"{_record_us(record):.1f}")
    print()
    print_head("a batch", "bytes", "ms to make")
    encoder = Encoder({"host": "a"}, "application")
    points = [encoder.encode("checkout.latency", 1 / (n + 1), {"route": f"/{n % 20}"}) for n in range(_BATCH)]
    body = b'{"metrics":[' + b",".join(points) + b"]}"
    seconds, _, packed = best(lambda: gzip.compress(body, 6))
    print_row(f"{_BATCH} points, JSON", len(body), "")
    print_row("compressed", len(packed), f"{seconds * 1000:.1f}")


def _record_us(record: Callable[[Client, int], None]) -> float:
    """The time of a call, while nothing is sent."""
    options: dict[str, Any] = {"interval_s": 3_600, "batch_points": 10**9, "batch_bytes": 10**12}
    client = Client("http://127.0.0.1:9", **options)

    def run() -> None:
        for number in range(_POINTS):
            record(client, number)

    seconds, _, _ = best(run, runs=3)
    client.close(0)
    return seconds / _POINTS * 1e6


if __name__ == "__main__":
    main()
