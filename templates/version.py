"""The version of what is deployed, from the one place that states it."""

import tomllib
from pathlib import Path


def version() -> str:
    """The project's version as in pyproject.toml."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
