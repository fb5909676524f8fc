"""`python -m tests.support.soak`: a local run of its own for each store, soaked, with a verdict."""

import argparse
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.local_run import ROOT, LocalRun
from tests.support.project_copy import copy_project
from tests.support.soak.hostile import attack
from tests.support.soak.report import lines_of, row_of
from tests.support.soak.soak import Plan, soak

ENVIRONMENTS = {"timestream": "load", "lake": "lake"}
_TOLD_EVERY_S = 10.0
_LINES = 60
# A run that ends counts what its store has: minutes, with a lake of ten million points.
_END_S = 1_800.0
_ROOMS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if anything differs from what clients were told."""
    options = parser().parse_args(arguments)
    status, rows = 0, []
    for kind in options.store or list(ENVIRONMENTS):
        if options.hostile:
            status |= _attacked(kind, options.hostile, options.seed)
            continue
        plan = plan_of(options, kind)
        with _running(kind) as (run, logs):
            soaked = soak(run, plan, _Progress())
            if soaked.verdict.differences:
                _keep(logs, f"soak-{kind}-{plan.seed}")
            print("\n".join(lines_of(plan, soaked)), flush=True)
        status |= bool(soaked.verdict.differences)
        rows.append(row_of(plan, soaked))
    for row in rows:
        print(row, flush=True)
    return status


def plan_of(options: argparse.Namespace, kind: str) -> Plan:
    """The plan of a store's soak as the command line has it."""
    return Plan(
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
        jumps=True,
    )


def _attacked(kind: str, inputs: int, seed: int) -> int:
    """1 if anything broke under so many hostile inputs, or the run's own account does not agree."""
    with _running(kind) as (run, logs):
        found = attack(run, inputs, seed, _Progress())
        run.process.send_signal(signal.SIGINT)
        if run.process.wait(_END_S):
            found.differences.append(f"the run ended with {run.process.returncode}")
        if found.differences:
            _keep(logs, f"hostile-{kind}-{seed}")
    print(f"{kind}, seed {seed}: {inputs:,} hostile inputs")
    print("  answers      " + ", ".join(f"{count:,} x {one}" for one, count in sorted(found.answers.items())))
    print(
        f"  points       {len(found.points):,} were taken with our JSON, {len(found.foreign):,} with other protocols"
    )
    print(f"  differences  {len(found.differences)}")
    print("\n".join(f"    {line}" for line in found.differences[:40]), flush=True)
    return int(bool(found.differences))


def _keep(logs: Path, name: str) -> None:
    """Keep the functions' log lines of a run that has found something."""
    kept = ROOT / "build" / name
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(logs, kept)
    print(f"the functions' logs are kept in {kept.relative_to(ROOT)}", file=sys.stderr, flush=True)


@contextmanager
def _running(kind: str) -> Iterator[tuple[LocalRun, Path]]:
    """A run of its own, which takes every protocol and much load, and the folder of its logs."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        project = copy_project(Path(folder) / "project")
        _open_up(project / "environments" / f"{ENVIRONMENTS[kind]}.toml")
        with _run_of(project, kind) as run:
            yield run, project / "build" / "logs"


def _open_up(file: Path) -> None:
    """Let an environment take remote write, and as many requests as come."""
    text = re.sub(r"(?m)^throttle_(rate|burst) = \d+", r"throttle_\1 = 4000", file.read_text())
    file.write_text(text.replace("[api]\n", "[api]\nremote_write = true\n"))


@contextmanager
def _run_of(project: Path, kind: str) -> Iterator[LocalRun]:
    """A run of a project; what it printed is shown if it fails."""
    run = LocalRun("--no-feed", "--environment", ENVIRONMENTS[kind], project=project)
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


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m tests.support.soak", description=__doc__)
    made.add_argument(
        "--store", action="append", choices=ENVIRONMENTS, help="default: both, one after the other"
    )
    made.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    made.add_argument("--points", type=int, default=200_000, help="at least so many (default %(default)s)")
    made.add_argument("--faults", type=int, default=200, help="at least so many (default %(default)s)")
    made.add_argument("--kills", type=int, default=10, help="processes to kill (default %(default)s)")
    made.add_argument("--rate", type=int, default=5_000, help="points a second at most (default %(default)s)")
    made.add_argument("--points-per-request", type=int, default=200)
    made.add_argument("--series", type=int, default=20, help="of each client (default %(default)s)")
    made.add_argument(
        "--hostile", type=int, metavar="N", help="so many hostile inputs instead, without faults"
    )
    made.add_argument(
        "--minutes", type=int, default=4, help="of alerts, at least (default %(default)s; 0: none)"
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
