"""The page on reliability, whose promises name the tests that try to break them."""

import re
from pathlib import Path

import pytest

PAGE = Path("docs/reliability.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", PAGE)))


def test_every_part_names_who_tries_to_break_it() -> None:
    """A promise without a test is none."""
    table = PAGE.partition("|---|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert len(table) > 5
    assert [row for row in table if "tests/" not in row.split("|")[4]] == []


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_is_there(file: str, name: str) -> None:
    """In the file that is named."""
    assert f"def {name}" in Path(file).read_text()
