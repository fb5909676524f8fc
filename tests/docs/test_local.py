"""The page on the local run, held against its code."""

from collections.abc import Mapping
from pathlib import Path

from emulator.faults.kinds import KINDS
from emulator.faults.spec import FORM

PAGE = Path("docs/local.md").read_text()


def test_the_table_of_faults_has_every_kind_with_its_words() -> None:
    """A row for each, in the code's order: its operations, and what happens."""
    header = "| fault | operations | what happens |\n|---|---|---|\n"
    table = PAGE.partition(header)[2].partition("\n\n")[0].splitlines()
    assert table == [
        f"| `{name}` | {_operations(kind.operations)} | {kind.meaning} |" for name, kind in KINDS.items()
    ]


def test_the_short_form_is_the_one_that_refusals_name() -> None:
    """A person who reads a refusal finds the same words in the page."""
    assert FORM in PAGE


def _operations(operations: Mapping[str, frozenset[str]] | None) -> str:
    if operations is None:
        return "any service's"
    return ", ".join(
        f"{service}: {', '.join(sorted(names))}" for service, names in sorted(operations.items())
    )
