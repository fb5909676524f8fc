"""The end of a run that cannot end well."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.local_run import ROOT, LocalRun, free_ports

pytestmark = pytest.mark.pipeline


def test_a_store_that_dies_ends_the_run_with_one_line(start: Callable[..., LocalRun]) -> None:
    """Without its store the run ends with status 1 and says so, without a traceback, leaving nothing behind."""
    run = start("--no-feed")
    children = psutil.Process(run.process.pid).children(recursive=True)
    (store,) = (child for child in children if "emulator.timestream" in child.cmdline())
    store.terminate()
    output, errors = run.process.communicate(timeout=60)
    assert run.process.returncode == 1
    assert "the run failed: the Timestream engine ended" in output
    assert "not accounted for" in output
    assert errors == ""
    assert not psutil.wait_procs(children, timeout=20)[1]
    assert not run.env_file.exists()


def test_a_second_signal_ends_the_wait_for_the_stream(start: Callable[..., LocalRun]) -> None:
    """Who does not want to wait until the stream is empty sends the signal again."""
    run = start("--no-feed")
    run.control("faults", {"timestream": {"throttle": {"WriteRecords": {}}}})
    assert run.post({"metric_name": "stuck", "value": 1}).status == 202
    run.process.send_signal(signal.SIGINT)
    until_it_says("ending:", run.process)
    ended = run.end(signal.SIGTERM)
    assert ended.status == 130
    assert "ended by a second signal" in ended.output
    assert "before it was ready" not in ended.errors


def until_it_says(word: str, process: "subprocess.Popen[str]") -> None:
    """Read what a run prints up to the line that begins with a word."""
    assert process.stdout is not None
    assert any(line.startswith(word) for line in process.stdout), f"it never said {word}"


@pytest.mark.parametrize(("step", "seconds"), [("loading", 0.2), ("stacks", 0.0), ("stacks", 0.4)])
def test_a_signal_while_it_starts_ends_it_in_order(step: str, seconds: float, tmp_path: Path) -> None:
    """However early Ctrl-C comes, there is no traceback, and nothing is left."""
    port, aws_port = (str(port) for port in free_ports(2))
    file = tmp_path / "local.env"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "local",
            "--no-feed",
            "--port",
            port,
            "--aws-port",
            aws_port,
            "--env-file",
            str(file),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until_it_says(step, process)
    time.sleep(seconds)  # less than the step takes on any machine
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    # A signal inside an extension module that is being loaded makes CPython end by the signal: 130 to a shell, too.
    assert process.returncode in {130, -signal.SIGINT}
    assert errors == "ended before it was ready\n"
    assert not psutil.wait_procs(children, timeout=20)[1]
    assert not file.exists()
