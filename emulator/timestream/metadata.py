"""SHOW DATABASES, SHOW TABLES, SHOW MEASURES and DESCRIBE."""

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from emulator import sql
from emulator.sql import Result, TableInfo
from emulator.sql.parser import TokenReader
from emulator.sql.types import VARCHAR, shape
from emulator.timestream.dialect import GRAMMAR
from emulator.timestream.schema import Measure

_PAIR = [{"Name": name, "Type": shape(VARCHAR)} for name in ("dimension_name", "data_type")]
_DIMENSIONS = {"ArrayColumnInfo": {"Type": {"RowColumnInfo": _PAIR}}}


class Catalog(sql.Catalog, Protocol):
    """The names that SHOW lists, besides the tables that a query selects from."""

    def table(self, database: str, table: str) -> TableInfo:
        """A table, as there are no views."""

    def databases(self) -> Sequence[str]:
        """The names of all databases, sorted."""

    def tables(self, database: str) -> Sequence[str]:
        """The names of a database's tables, sorted; InvalidQueryError when there is no such database."""

    def measures(self, database: str, table: str) -> Sequence[Measure]:
        """The measure names ever written to a table, sorted by name."""


def metadata(catalog: Catalog, query: str) -> Result:
    """The result of SHOW or DESCRIBE."""
    return _Reader(catalog, query).result()


class _Reader(TokenReader):
    def __init__(self, catalog: Catalog, query: str) -> None:
        super().__init__(query, GRAMMAR)
        self.catalog = catalog

    def result(self) -> Result:
        if self.take().key in ("DESCRIBE", "DESC"):
            return self._describe()
        if self.accept("DATABASES"):
            names, pattern = self.catalog.databases(), self._pattern()
            return _table(["Database"], [[_scalar(n)] for n in names if _like(n, pattern)])
        if self.accept("TABLES"):
            return self._tables()
        if self.accept("MEASURES"):
            return self._measures()
        raise self.mismatch("'DATABASES'", "'MEASURES'", "'TABLES'")

    def _describe(self) -> Result:
        database, table = self._qualified()
        self.end()
        columns = self.catalog.table(database, table).columns
        rows = [[_scalar(c.name), _scalar(c.type.lower()), _scalar(c.role)] for c in columns]
        return _table(["Column", "Type", "Timestream attribute type"], rows)

    def _tables(self) -> Result:
        databases: Sequence[str] = self.catalog.databases()
        if self.accept("FROM") or self.accept("IN"):
            databases = [self.identifier().name]
        pattern = self._pattern()
        names = [n for database in databases for n in self.catalog.tables(database) if _like(n, pattern)]
        return _table(["Table"], [[_scalar(n)] for n in names])

    def _measures(self) -> Result:
        self.expect("FROM")
        measures = self.catalog.measures(*self._qualified())
        pattern = self._pattern()
        rows = [
            [_scalar(m.name), _scalar(m.type.lower()), _dimensions(m)]
            for m in measures
            if _like(m.name, pattern)
        ]
        return _table(["measure_name", "data_type", "dimensions"], rows, last=_DIMENSIONS)

    def _pattern(self) -> str | None:
        pattern = self.string() if self.accept("LIKE") else None
        self.end()
        return pattern

    def _qualified(self) -> tuple[str, str]:
        database = self.identifier().name
        self.expect(".")
        return database, self.identifier().name


def _table(
    names: Sequence[str], rows: Sequence[Sequence[dict[str, Any]]], last: dict[str, Any] | None = None
) -> Result:
    columns = [{"Name": name, "Type": shape(VARCHAR)} for name in names]
    if last is not None:
        columns[-1]["Type"] = last
    texts = [json.dumps({"Data": data}, ensure_ascii=False, separators=(",", ":")) for data in rows]
    return Result(columns, iter([texts] if texts else []))


def _scalar(value: str) -> dict[str, Any]:
    return {"ScalarValue": value}


def _dimensions(measure: Measure) -> dict[str, Any]:
    rows = [{"RowValue": {"Data": [_scalar(name), _scalar("varchar")]}} for name in measure.dimensions]
    return {"ArrayValue": rows}


def _like(name: str, pattern: str | None) -> bool:
    if pattern is None:
        return True
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None
