"""Timing, and tables in Markdown: what all benchmarks measure with and print."""

import time
from collections.abc import Callable
from typing import Any


def best(action: Callable[[], Any], runs: int = 5) -> tuple[float, float, Any]:
    """The shortest time and the least processor time of some runs, in seconds, and the last one's result.

    Processor time is that of the whole process.
    """
    seconds, processor = [], []
    for _ in range(runs):
        begin, cpu = time.perf_counter(), time.process_time()
        result = action()
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - cpu)
    return min(seconds), min(processor), result


def print_head(*columns: str) -> None:
    """Print the head of a table."""
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def print_row(*cells: object) -> None:
    """Print a line of a table at once, as the next one may take a while."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
