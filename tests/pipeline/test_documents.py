"""The documents' commands, run as a person runs them: in their order, each document from a folder of its own."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.documents import ROOT, Block, blocks, judge_of
from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline

RUNNABLE = [
    block for block in blocks() if block.is_commands and any(judge_of(one) == "run" for one in block.commands)
]
DOCUMENTS = sorted({block.name for block in RUNNABLE})
# What ends otherwise than with 0, and why.
ENDS = {
    "python -m ops alerts show demo-hot attic": (1,),  # nothing has tripped it
    "python -m ops quarantine redrive --dry-run": (1,),  # what has to be mended is kept
    "python -m ops quarantine redrive --environment dev --region us-east-1 --fix seconds": (1,),  # likewise
    "python -m ops status --environment dev --region us-east-1": (
        0,
        1,
    ),  # 1 once an alarm tells of what was set aside
}


@pytest.fixture(scope="module")
def run() -> Iterator[LocalRun]:
    """A run without the feed."""
    started = LocalRun("--no-feed")
    yield started
    started.kill()


@pytest.fixture(scope="module")
def request_id(run: LocalRun) -> str:
    """A request of which points were set aside, and one was stored and exported."""
    points = [
        {"metric_name": "hello", "value": 42, "dimensions": {"host": "a"}},
        {"metric_name": "seconds", "value": 1, "timestamp": int(time.time())},
        {"metric_name": "other.case", "value": 1, "dimensions": {"Host": "a"}},
    ]
    reply = run.post({"metrics": points})
    wait_for(lambda: len(run.quarantine(reply.body["request_id"])) == 2, "the quarantine", seconds=60)
    run.wait_until_stored("hello", 1)
    run.shell("python -m ops export run current")
    return str(reply.body["request_id"])


@pytest.fixture
def folder(run: LocalRun, tmp_path: Path) -> Path:
    """The checkout as a person has it: everything of the project, the run's file, and a file of points."""
    for path in ROOT.iterdir():
        if path.name not in {"build", ".git"}:
            (tmp_path / path.name).symlink_to(path)
    if not (tmp_path / ".venv").exists():
        (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "local.env").write_text(run.env_file.read_text())
    (tmp_path / "exported").mkdir()
    (tmp_path / "points.json").write_text(json.dumps({"metrics": [{"metric_name": "sent", "value": 1}]}))
    return tmp_path


def _as_of_now(command: str, request_id: str) -> str:
    """The command with hours that this run has, and a request that it knows."""
    last = datetime.now(UTC).replace(minute=0) - timedelta(hours=1)
    hours = {"2026-11-22T00": last, "2026-11-22T02": last, "2026-11-21T00": last - timedelta(hours=1)}
    for written, meant in hours.items():
        command = command.replace(written, f"{meant:%Y-%m-%dT%H}")
    command = command.replace("JfNb/W+pIAMFYqA=", request_id)
    command = command.replace("--wait-time-seconds 20", "--wait-time-seconds 1")
    return re.sub(r"^make ", "make -o install-local ", command)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_says_to_type_works(
    run: LocalRun, request_id: str, folder: Path, document: str
) -> None:
    """Each command ends with 0, or as is said above; what was sourced or exported stays for those that follow."""
    said: list[str] = []
    for block in RUNNABLE:
        if block.name == document:
            said += _run_block(block, run, request_id, folder)
    assert said == []


def _run_block(block: Block, run: LocalRun, request_id: str, folder: Path) -> Iterator[str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": "/nonexistent",
        **run.environment,
    }
    kept = ""
    for command in block.commands:
        if judge_of(command) != "run":
            continue
        if re.match(r"source |export |[a-z]+=", command):
            kept += f"{command}\n"
            continue
        ended = subprocess.run(
            ["/bin/bash", "-c", f"set -eo pipefail; {kept}{_as_of_now(command, request_id)}"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ended.returncode not in ENDS.get(command, (0,)):
            yield f"{command}\nended with {ended.returncode}:\n{ended.stdout[-500:]}{ended.stderr[-500:]}"
