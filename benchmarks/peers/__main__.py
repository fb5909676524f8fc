"""Prints how the metric writer does beside its peers: `python -m benchmarks.peers` (`make bench` installs them)."""

import argparse
from collections.abc import Mapping, Sequence

from benchmarks.peers.loads import SHAPES
from benchmarks.peers.ratios import middle, ratio
from benchmarks.peers.turns import OURS, PEERS, YARDSTICK, Sample, Turns
from benchmarks.report import print_head, print_row


def main() -> None:
    """Print the tables as Markdown: no delay, then with the answers of a store that is some way off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each sample")
    parser.add_argument("--delay-ms", type=float, default=10, help="that answers wait in the second table")
    options = parser.parse_args()
    names = (*PEERS, OURS)
    _print_table(names, Turns(options.rounds, options.seconds), "cpu_us")
    print(f"\nEach answer {options.delay_ms:g} ms later:\n")
    delayed = [name for name in names if name not in {"naive", "decode_only"}]
    _print_table(delayed, Turns(options.rounds, options.seconds, options.delay_ms), "event_ms")


def _print_table(names: Sequence[str], turns: Turns, what: str) -> None:
    """Print costs of each peer; the ratio is that of the yardstick's `what` to the peer's."""
    print_head(
        *("load", "peer", "CPU us a point", f"{YARDSTICK} / this", "points/s", "ms an event"),
        *("calls / Mpt", "units / Mpt", "ready s", f"ready: this / {YARDSTICK}", "MB"),
    )
    for title, shape in SHAPES.items():
        found = turns.measure(names, shape)
        for name in names:
            print_row(title, name, *_cells(found, name, what))


def _cells(found: Mapping[str, Sequence[Sample]], name: str, what: str) -> list[str]:
    samples, yardstick = found[name], found[YARDSTICK]
    return [
        f"{middle(samples, 'cpu_us'):.2f}",
        str(ratio(yardstick, samples, what)),
        f"{middle(samples, 'points_per_s'):,.0f}",
        f"{middle(samples, 'event_ms'):.1f}",
        f"{middle(samples, 'calls') * 1e6:,.0f}",
        f"{middle(samples, 'units') * 1e6:,.0f}",
        f"{middle(samples, 'ready_s'):.3f}",
        str(ratio(samples, yardstick, "ready_s")),
        f"{middle(samples, 'peak_mb'):.0f}",
    ]


if __name__ == "__main__":
    main()
