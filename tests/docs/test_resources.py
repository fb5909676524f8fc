"""docs/resources.md: what it names is in the templates, and what it calls a proof is a test."""

import ast
import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.support.generated import generated

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs/resources.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| resource")
]


def test_the_table_was_read() -> None:
    """Every row has its three cells, and none is left out by the way it is read."""
    assert len(ROWS) == TABLE.count("\n| ") - TABLE.count("\n| resource") > 25
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_each_resource_is_in_a_template(row: list[str]) -> None:
    """A logical id of the table is a resource or an output of a generated template."""
    titles = re.findall(r"`([^`]+)`", row[1])
    assert titles
    for title in titles:
        assert any(fnmatch(known, title) for known in _titles()), title


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_each_proof_is_a_test(row: list[str]) -> None:
    """A proof of the table is a function in the file it names."""
    proofs = re.findall(r"`([^`]+)`", row[2])
    assert proofs
    for proof in proofs:
        file, _, name = proof.partition("::")
        assert name in _tests(file), proof


@cache
def _titles() -> frozenset[str]:
    return frozenset(title for one in generated() for title in (*one.body["Resources"], *one.body["Outputs"]))


@cache
def _tests(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
