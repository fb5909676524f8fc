"""Docstrings speak with one voice, and names that take a time say its unit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    [
        ROOT / "generate.py",
        *(
            file
            for folder in ("benchmarks", "clients", "emulator", "handlers", "local", "ops", "templates")
            for file in (ROOT / folder).rglob("*.py")
        ),
    ]
)
# The first sentence carries the noun that a reader would search for, or the verb of what is done.
NO_NOUN = frozenset(
    [
        "Return",
        "Returns",
        "Get",
        "Gets",
        "What",
        "Whether",
        "Which",
        "How",
        "Where",
        "When",
        "Tell",
        "Tells",
        "It",
        "Its",
        "This",
    ]
)
# Bare words for a time; `now_s`, `start_ms`, `period_s` say what is counted.
TIMES = frozenset(
    ["now", "start", "since", "end", "due_at", "tick", "until", "age", "period", "timeout", "moment"]
)
NUMBERS = frozenset({"int", "float", "int | None", "float | None"})


def _faults(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            if text.split(maxsplit=1)[:1] and text.split()[0] in NO_NOUN:
                yield f"line {getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"
        if isinstance(node, ast.arg) and node.arg in TIMES and node.annotation is not None:
            annotation = ast.unparse(node.annotation)
            if annotation in NUMBERS:
                yield f"line {node.lineno}: {node.arg}: {annotation} does not say its unit"
        # Fields of dataclasses are arguments, too.
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in TIMES:
            annotation = ast.unparse(node.annotation)
            if annotation in NUMBERS:
                yield f"line {node.lineno}: {node.target.id}: {annotation} does not say its unit"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_docstrings_name_their_noun_and_times_their_unit(file: Path) -> None:
    """A docstring begins with a noun or an action, and a number that is a time is called by its unit."""
    assert not list(_faults(file))
