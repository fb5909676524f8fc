"""Production's templates, as they were reviewed."""

import difflib
from pathlib import Path

import pytest

import generate

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("prod/*.json")), ids=lambda path: path.name)
def test_production_is_what_was_reviewed(path: Path, tmp_path: Path) -> None:
    """A change to what is deployed shows in review; `make golden` writes the files anew."""
    generate.generate("prod", tmp_path)
    now = (tmp_path / "prod" / path.name).read_text().splitlines()
    then = path.read_text().splitlines()
    difference = "\n".join(difflib.unified_diff(then, now, "reviewed", "generated", lineterm="", n=2))
    assert not difference, f"run `make golden` and look at the difference:\n{difference}"


def test_every_stack_of_production_was_reviewed(tmp_path: Path) -> None:
    """No stack is left out, and none is kept that no longer is."""
    written = {path.name for path in generate.generate("prod", tmp_path)}
    assert {path.name for path in GOLDEN.glob("prod/*.json")} == written
