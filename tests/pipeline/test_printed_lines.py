"""The lines that a run prints, pasted into a shell that knows nothing else."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.local_run import ROOT, LocalRun
from tests.support.project_copy import copy_project

pytestmark = pytest.mark.pipeline

SHOWS = {
    "post": '"accepted"',
    "query": '"hello"',
    "or": "(5 rows)",
    "trip an alert": '"accepted"',
    "export": "exported",
    "read it back": "process.memory",
}


def paste(line: str, project: Path) -> str:
    """What a line prints in a new shell in the project's folder."""
    done = subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=project,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    return f"{done.stdout}{done.stderr}{done.returncode}"


@pytest.mark.parametrize("like", ["dev", "prod"])
def test_every_printed_line_does_what_its_label_says(
    start: Callable[..., LocalRun], tmp_path: Path, like: str
) -> None:
    """In dev, and in an environment of one's own that wants signatures as prod does, nothing else has to be typed."""
    project, environment = ROOT, like
    if like == "prod":
        project, environment = copy_project(tmp_path / "project"), "mine"
        (project / "environments" / "prod.toml").rename(project / "environments" / "mine.toml")
    run = start("--environment", environment, project=project)
    printed = run.printed()
    assert set(SHOWS) < set(printed)
    for label, shows in SHOWS.items():
        assert shows in paste(printed[label], project)
        if label == "post":
            run.wait_until_stored("hello", 1)
    health = json.loads(run.shell('curl -s "$TIDEGAUGE_HEALTH_URL"'))
    assert health["environment"] == environment
