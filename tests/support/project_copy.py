"""A copy of the project, for tests that need an environment of their own."""

import shutil
from pathlib import Path

from tests.support.local_run import ROOT

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "benchmarks", "build", "docs", "tests")


def copy_project(to: Path) -> Path:
    """Copy the source to a folder, and let it use the functions' bundle and the packages that are here."""
    shutil.copytree(ROOT, to, ignore=_LEFT_OUT)
    (to / "build").mkdir()
    (to / "build" / "host").symlink_to(ROOT / "build" / "host")
    (to / ".venv").symlink_to(ROOT / ".venv")
    return to
