"""SHOW and DESCRIBE: what the data catalog has, as Hive spells it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.athena.engine import errors, views
from emulator.athena.engine.dialect import CATALOG
from emulator.athena.engine.partitions import path
from emulator.athena.engine.statements import Names, Parsed
from emulator.athena.outcome import Outcome, QueryError, ResultColumn
from emulator.athena.session import Session

_WIDTH = 20


def show(parsed: Parsed, session: Session) -> Outcome:
    """The outcome of SHOW or DESCRIBE; QueryError for what does not exist, InvalidQueryError for a wrong statement."""
    reader = Names(parsed, session)
    columns, rows = _SHOWN[parsed.statement.word](reader, session)
    return Outcome(parsed.statement, [ResultColumn(name, "string") for name in columns], rows)


_Shown = tuple[tuple[str, ...], list[list[str | None]]]


def _databases(reader: Names, session: Session) -> _Shown:
    reader.take(), reader.take()
    return ("database_name",), _matching(session.glue.databases(), _pattern(reader))


def _tables(reader: Names, session: Session) -> _Shown:
    reader.take(), reader.take()
    database = reader.database()
    return ("tab_name",), _matching((t["Name"] for t in _all(session, database)), _pattern(reader))


def _views(reader: Names, session: Session) -> _Shown:
    reader.take(), reader.take()
    database = reader.database()
    found = (table["Name"] for table in _all(session, database) if views.is_view(table))
    return ("views",), _matching(found, _pattern(reader))


def _columns(reader: Names, session: Session) -> _Shown:
    reader.take(), reader.take()
    if not reader.accept("FROM") and not reader.accept("IN"):
        raise reader.mismatch("'FROM'", "'IN'")
    database, table = reader.name()
    database = reader.database(database)
    reader.end()
    found = existing(session, database, table)
    return ("field",), [[column["Name"].ljust(_WIDTH)] for column in _described(found)]


def _partitions(reader: Names, session: Session) -> _Shown:
    """Those that are registered: projected ones are not listed."""
    reader.take(), reader.take()
    database, table = reader.name()
    reader.end()
    found = existing(session, database, table)
    names = [key["Name"] for key in found.get("PartitionKeys") or ()]
    if not names:
        raise QueryError(
            "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
            f" Table {table} is not a partitioned table",
            2,
            errors.DDL,
        )
    registered = session.glue.partitions(database, table)
    return ("partition",), [[path(names, partition["Values"])] for partition in registered]


def _create_view(reader: Names, session: Session) -> _Shown:
    reader.take(), reader.take(), reader.take()
    database, table = reader.name()
    reader.end()
    found = existing(session, database, table)
    if not views.is_view(found):
        raise QueryError(f"FAILED: {database}.{table} is not a view", 2, errors.DDL)
    lines = f"CREATE VIEW {database}.{table} AS\n{views.read(found)[0]}".split("\n")
    return ("create view",), [[line] for line in lines]


def _describe(reader: Names, session: Session) -> _Shown:
    reader.take()
    if reader.key in ("EXTENDED", "FORMATTED"):
        raise reader.lacks(f"DESCRIBE {reader.key}")
    database, table = reader.name()
    reader.end()
    found = existing(session, database, table)
    lines = [_line(column) for column in _described(found)]
    keys = found.get("PartitionKeys") or ()
    if keys:
        title = _line({"Name": "# col_name", "Type": "data_type", "Comment": "comment"})
        lines += ["\t \t ", "# Partition Information\t \t ", title, "\t \t ", *map(_line, keys)]
    return ("col_name", "data_type", "comment"), [[line] for line in lines]


def existing(session: Session, database: str, table: str) -> Mapping[str, Any]:
    """A table or view; QueryError if there is none."""
    found = session.glue.table(database, table)
    if found is None:
        raise QueryError(
            f"TABLE_NOT_FOUND: line 1:1: Table '{CATALOG}.{database}.{table}' does not exist",
            2,
            errors.NOT_FOUND,
        )
    return found


def _all(session: Session, database: str) -> Iterable[Mapping[str, Any]]:
    if database not in (name.lower() for name in session.glue.databases()):
        raise QueryError(
            f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist", 2, errors.NOT_FOUND
        )
    return session.glue.tables(database)


def _described(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    storage = table.get("StorageDescriptor") or {}
    return [*(storage.get("Columns") or ()), *(table.get("PartitionKeys") or ())]


def _line(column: Mapping[str, Any]) -> str:
    return "\t".join(str(column.get(part) or "").ljust(_WIDTH) for part in ("Name", "Type", "Comment"))


def _pattern(reader: Names) -> re.Pattern[str]:
    """The pattern at a statement's end: a regular expression in which * stands for anything, as Hive has it."""
    given = reader.pattern() or "*"
    try:
        return re.compile(re.sub(r"(?<!\.)\*", ".*", given))
    except re.error as error:
        raise reader.error(f"The pattern '{given}' is not valid: {error}") from error


def _matching(names: Iterable[str], pattern: re.Pattern[str]) -> list[list[str | None]]:
    return [[name] for name in sorted(names) if pattern.fullmatch(name)]


_SHOWN = {
    "SHOW_DATABASES": _databases,
    "SHOW_TABLES": _tables,
    "SHOW_VIEWS": _views,
    "SHOW_COLUMNS": _columns,
    "SHOW_PARTITIONS": _partitions,
    "SHOW_CREATE_VIEW": _create_view,
    "DESCRIBE_TABLE": _describe,
}
