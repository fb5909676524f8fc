"""`python -m tests.support.soak`: a local run of its own for each store, soaked, with a verdict."""

import argparse
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from tests.support.local_run import LocalRun
from tests.support.soak.hostile import attack
from tests.support.soak.report import lines_of
from tests.support.soak.soak import Plan, soak

ENVIRONMENTS = {"timestream": "load", "lake": "lake"}
_TOLD_EVERY_S = 10.0
_LINES = 60
_END_S = 180.0
_ROOMS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if anything differs from what clients were told."""
    options = _parser().parse_args(arguments)
    status = 0
    for kind in options.store or list(ENVIRONMENTS):
        if options.hostile:
            status |= _attacked(kind, options.hostile, options.seed)
            continue
        plan = Plan(
            kind=kind,
            seed=options.seed,
            points=options.points,
            faults=options.faults,
            kills=options.kills,
            points_per_request=options.points_per_request,
            series_per_client=options.series,
            rooms=_ROOMS if options.minutes else 0,
            minutes=options.minutes,
            rate=options.rate,
            exports=True,
        )
        with _running(kind) as run:
            soaked = soak(run, plan, _Progress())
        print("\n".join(lines_of(plan, soaked)), flush=True)
        status |= bool(soaked.verdict.differences)
    return status


def _attacked(kind: str, inputs: int, seed: int) -> int:
    """1 if anything broke under so many hostile inputs, or the run's own account does not agree."""
    with _running(kind) as run:
        found = attack(run, inputs, seed, _Progress())
        run.process.send_signal(signal.SIGINT)
        if run.process.wait(_END_S):
            found.differences.append(f"the run ended with {run.process.returncode}")
    print(f"{kind}, seed {seed}: {inputs:,} hostile inputs")
    print("  answers      " + ", ".join(f"{count:,} x {one}" for one, count in sorted(found.answers.items())))
    print(f"  points       {len(found.points):,} were taken")
    print(f"  differences  {len(found.differences)}")
    print("\n".join(f"    {line}" for line in found.differences[:40]), flush=True)
    return int(bool(found.differences))


@contextmanager
def _running(kind: str) -> Iterator[LocalRun]:
    """A run of its own; what it printed is shown if it fails."""
    run = LocalRun("--no-feed", "--environment", ENVIRONMENTS[kind])
    printed: deque[str] = deque(maxlen=_LINES)
    for stream in (run.process.stdout, run.process.stderr):
        assert stream is not None
        threading.Thread(target=_read, args=(stream, printed), daemon=True).start()
    try:
        yield run
        sys.stderr.writelines(
            line for line in printed if line.startswith(("summary", "UNACC", "given", "the run"))
        )
    except BaseException:
        sys.stderr.writelines(printed)
        raise
    finally:
        run.process.terminate()
        run.process.wait(_END_S)
        run.kill()


def _read(stream: IO[str], printed: deque[str]) -> None:
    """Keep the last lines; a pipe that nobody reads would fill, and the run wait for it."""
    printed.extend(stream)


class _Progress:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, line: str) -> None:
        if time.monotonic() - self._told_s > _TOLD_EVERY_S:
            self._told_s = time.monotonic()
            print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.support.soak", description=__doc__)
    parser.add_argument(
        "--store", action="append", choices=ENVIRONMENTS, help="default: both, one after the other"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parser.add_argument("--points", type=int, default=200_000, help="at least so many (default %(default)s)")
    parser.add_argument("--faults", type=int, default=200, help="at least so many (default %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="processes to kill (default %(default)s)")
    parser.add_argument(
        "--rate", type=int, default=5_000, help="points a second at most (default %(default)s)"
    )
    parser.add_argument("--points-per-request", type=int, default=200)
    parser.add_argument("--series", type=int, default=20, help="of each client (default %(default)s)")
    parser.add_argument(
        "--hostile", type=int, metavar="N", help="so many hostile inputs instead, without faults"
    )
    parser.add_argument(
        "--minutes", type=int, default=4, help="of alerts, at least (default %(default)s; 0: none)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
