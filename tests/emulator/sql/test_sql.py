"""Statements and what they answer: every expected value is computed elsewhere than in DuckDB."""

import json
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from emulator import sql
from emulator.sql import SqlError
from emulator.timestream.dialect import TIMESTREAM
from tests.support.sql_expected import ANSWERS
from tests.support.sql_fleet import NOW, Ask, Row, Tables

_CORPUS = Path(__file__).parent / "corpus"


def _load(name: str, key: str) -> list[dict[str, Any]]:
    return list(tomllib.loads((_CORPUS / name).read_text(encoding="utf-8"))[key])


def _close(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and isinstance(found, float):
        return found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    return type(found) is type(wanted) and bool(found == wanted)


def _order(row: list[Any]) -> str:
    return repr([(value is None, str(value)) for value in row])


@pytest.mark.parametrize("statement", _load("fleet.toml", "statement"), ids=lambda s: s["name"])
def test_statement(statement: dict[str, Any], ask: Ask, rows: list[Row]) -> None:
    """A statement over a fleet answers what plain Python and NumPy compute from the same rows."""
    found = ask(statement["sql"]).rows
    wanted = [
        [float(v) if isinstance(v, float) else v for v in row]
        for row in ANSWERS[statement["expected"]]([dict(row) for row in rows])
    ]
    if not statement.get("ordered"):
        found, wanted = sorted(found, key=_order), sorted(wanted, key=_order)
    assert wanted
    assert len(found) == len(wanted)
    for found_row, wanted_row in zip(found, wanted, strict=True):
        assert len(found_row) == len(wanted_row)
        assert all(_close(f, w) for f, w in zip(found_row, wanted_row, strict=True)), (found_row, wanted_row)


@pytest.mark.parametrize("case", _load("literals.toml", "value"), ids=lambda c: c["select"])
def test_value(case: dict[str, str], database: duckdb.DuckDBPyConnection) -> None:
    """An expression of literals has exactly this text."""
    with database.cursor() as cursor:
        result = sql.run(Tables(), cursor, f"SELECT {case['select']}", NOW, TIMESTREAM)
        datum = json.loads(next(result.rows)[0])["Data"][0]
    assert datum == ({"NullValue": True} if case["gives"] == "null" else {"ScalarValue": case["gives"]})


@pytest.mark.parametrize("case", _load("refused.toml", "refused"), ids=lambda c: c["sql"] or "nothing")
def test_refused(case: dict[str, str], ask: Ask) -> None:
    """A statement that is wrong, or whose meaning is not known, is refused by name."""
    with pytest.raises(SqlError) as refusal:
        ask(case["sql"])
    assert case["says"].lower() in refusal.value.message.lower()
