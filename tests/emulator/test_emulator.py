"""The package as a stranger takes it: what it imports, and what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import emulator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "emulator"


def test_it_knows_nothing_of_a_project() -> None:
    """No word of the project that it was made for stands in it, in code or prose."""
    words = re.compile(
        r"tidegauge|metric_writer|metrics[-_]dev|^(?:from|import) (?:handlers|templates|ops|local|generate)\b",
        re.IGNORECASE | re.MULTILINE,
    )
    files = [file for file in PACKAGE.rglob("*") if file.suffix in {".py", ".md"}]
    found = [
        f"{file.relative_to(PACKAGE)}: {match[0]}"
        for file in files
        for match in words.finditer(file.read_text(encoding="utf-8"))
    ]
    assert not found


def test_moto_is_reached_from_one_folder() -> None:
    """An upgrade of moto is read in emulator/moto."""
    importing = re.compile(r"^\s*(?:from|import) moto\b", re.MULTILINE)
    found = {
        file.relative_to(PACKAGE).parts[0]
        for file in PACKAGE.rglob("*.py")
        if importing.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"moto"}


def test_every_name_of_the_face_is_there() -> None:
    """Each name that the package says it has can be had, and no other is made up."""
    assert all(getattr(emulator, name) for name in emulator.__all__)
    assert not hasattr(emulator, "nothing")


def test_one_service_alone_does_not_load_the_others() -> None:
    """`python -m emulator.timestream` starts without moto and its web framework."""
    code = "import sys, emulator.timestream.__main__; print({'moto', 'flask', 'airspeed'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_readme_shows_an_example_that_runs(tmp_path: Path, runtime: Path) -> None:
    """The example, as it stands there, deploys its template and prints what its function says."""
    (example,) = re.findall(
        r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    (tmp_path / "runtime").symlink_to(runtime)
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '"Hello, Ada"\n'), done.stderr
    assert len(example.splitlines()) <= 30
