"""Peers in turns: each sample is a process of its own, and the order turns by one with every round."""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.loads import EVENTS, Shape, as_ours, as_plain, events, first_event

ROOT = Path(__file__).resolve().parents[2]
OURS = "ours"
YARDSTICK = "boto3_batch"
PEERS = ("naive", YARDSTICK, "powertools", "handmade", "decode_only")
# The virtual environment that has what the peers import: `make bench` makes it.
PYTHON = ROOT / ".venv-bench" / "bin" / "python"

Sample = Mapping[str, float]

OURS_ENVIRONMENT = {
    "PROJECT": "metrics",
    "ENVIRONMENT": "dev",
    "DATABASE_NAME": "metrics",
    "TABLE_NAME": "points",
    "DIMENSIONS_TABLE": "dimensions",
    "QUARANTINE_BUCKET": "quarantine",
    "MAGNETIC_RETENTION_DAYS": "30",
    "MEMORY_RETENTION_HOURS": "6",
    "EXPORT_HOURS_TABLE": "hours",
    "EXPORT_LAG_MINUTES": "15",
    "LOG_LEVEL": "WARNING",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
}


@dataclass(frozen=True)
class Turns:
    """A way to measure peers: rounds, seconds of each sample, milliseconds that the store's answers wait."""

    rounds: int
    seconds: float
    delay_ms: float = 0
    python: Path = PYTHON

    def measure(self, names: Sequence[str], shape: Shape) -> dict[str, list[Sample]]:
        """The samples of each peer, one a round."""
        found: dict[str, list[Sample]] = {name: [] for name in names}
        with tempfile.TemporaryDirectory() as folder, stand_in() as environment:
            _write_events(Path(folder), shape)
            sample = functools.partial(self._sample, environment, Path(folder), shape)
            for name in names:  # not counted: reads and compiles every import once
                sample(name, seconds=0.001)
            for number in range(self.rounds):
                cut = number % len(names)
                for name in (*names[cut:], *names[:cut]):
                    found[name].append(sample(name, seconds=self.seconds))
        return found

    def _sample(
        self, environment: Mapping[str, str], folder: Path, shape: Shape, name: str, *, seconds: float
    ) -> Sample:
        form = OURS if name == OURS else "plain"
        read, write = os.pipe()
        order = {
            "module": "handlers.metric_writer" if name == OURS else f"benchmarks.peers.handlers.{name}",
            "first": str(folder / f"{form}.first.json"),
            "events": str(folder / f"{form}.json"),
            "event_points": shape.event_points,
            # What is sent of them is the same in every sample; the naive peer would take seconds for all.
            "counted": 1 if name == "naive" else EVENTS,
            "seconds": seconds,
            "delay_ms": self.delay_ms,
            "born_s": time.monotonic(),
            "report": write,
        }
        with os.fdopen(read) as report:
            process = subprocess.Popen(
                [self.python, "-m", "benchmarks.peers.measured", json.dumps(order)],
                cwd=ROOT,
                env={**environment, **(OURS_ENVIRONMENT if name == OURS else {})},
                pass_fds=(write,),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            os.close(write)
            text = report.read()
            _, errors = process.communicate()
        if process.returncode or not text:
            raise RuntimeError(f"{name} ended with {process.returncode}:\n{errors[-4000:]}")
        measured: Sample = json.loads(text)
        _refuse_half_measures(name, measured)
        return measured


def _refuse_half_measures(name: str, sample: Sample) -> None:
    """Raise `RuntimeError` if a peer wrote other points than it was given, or unsigned, or gave any back."""
    written = sample["written"] == (0 if name == "decode_only" else 1)
    # The naive peer has no dimensions, so one point replaces another: that is its fault, and shown.
    kept = name in {"naive", "decode_only"} or sample["kept"] == 1
    if not written or not kept or sample["unsigned"] or sample["failed"]:
        raise RuntimeError(f"{name} did not do its work: {sample}")


def _write_events(folder: Path, shape: Shape) -> None:
    for name, form in (("plain", as_plain), (OURS, as_ours)):
        (folder / f"{name}.json").write_text(json.dumps(events(shape, form)))
        (folder / f"{name}.first.json").write_text(json.dumps(first_event(form)))


@contextmanager
def stand_in() -> Iterator[Mapping[str, str]]:
    """The variables of a process that writes to a running stand-in, which has a core of its own where there are two."""
    command = [sys.executable, "-m", "benchmarks.peers.stand_in"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        cores = os.sched_getaffinity(0)
        try:
            assert server.stdout is not None
            port = json.loads(server.stdout.readline())["port"]
            if len(cores) > 1:
                first, second, *_ = sorted(cores)
                os.sched_setaffinity(server.pid, {second})
                os.sched_setaffinity(0, {first})
            yield _environment(port)
        finally:
            os.sched_setaffinity(0, cores)
            server.terminate()


def _environment(port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return {
        **kept,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "STAND_IN_PORT": str(port),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
