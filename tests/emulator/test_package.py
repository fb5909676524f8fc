"""The package as a stranger takes it: what it imports, and what it says."""

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "emulator"


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
