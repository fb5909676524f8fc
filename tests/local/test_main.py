"""`python -m local`: what cannot be meant is said in a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_store_that_can_have_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    """The option and the path are named; there is no traceback."""
    (tmp_path / "file").touch()
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-m", "local", "--data", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"python -m local: --data {path}: no folder can be there: ")


def test_a_run_that_nobody_reads_any_more_ends_in_silence() -> None:
    """As any command whose pipe is closed."""
    script = (
        "import sys\nfrom local import __main__ as local\n"
        "def run(*_):\n    while True:\n        print('line', flush=True)\n"
        "local._run = run\nsys.exit(local.main(['--data', '.']))"
    )
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")
