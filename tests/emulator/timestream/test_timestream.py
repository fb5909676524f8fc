"""The package as its README shows it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import emulator.timestream

README = (Path(__file__).resolve().parents[3] / "emulator/timestream/README.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path) -> None:
    """The example in Python, as it stands there, prints the value that it wrote."""
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "1.5\n"), done.stderr


def test_the_face_is_described() -> None:
    """Every name of the face is in the README, and every option of the program."""
    assert [name for name in emulator.timestream.__all__ if f"`{name}`" not in README] == []
    shown = subprocess.run(
        [sys.executable, "-m", "emulator.timestream", "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"--[a-z][a-z0-9-]+", shown)) - {"--help"}
    assert options == set(re.findall(r"^\| `(--[a-z0-9-]+)` \|", README, re.MULTILINE))
