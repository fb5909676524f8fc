"""The lake's names, columns and views: points as objects in S3, which tables and views of the data catalog show.

`hot` and `late` are what the writers put there, `metrics` the hours that were compacted, `replaced` the versions of
points that lost then. People read the view `points`: the version of each point that counts, wherever it lies by now.
"""

import base64
import json
from collections.abc import Mapping

from handlers.vocabulary import AGGREGATES, FIXED_COLUMNS, METRICS

HOT = "hot"
LATE = "late"
REPLACED = "replaced"
POINTS = "points"
SUPERSEDED = "superseded"

RETAINED_PREFIXES = tuple(f"{table}/" for table in (HOT, LATE, METRICS, AGGREGATES, REPLACED))
"""Where data lies in the bucket: each table's objects below its own name."""

EVENT_HOUR = "event_hour"
# The same, as a partition's text in Athena: yyyy-MM-dd-HH.
EVENT_HOUR_FORMAT = "%Y-%m-%d-%H"

# What tells a version of a point from all others; the greatest version, then request, then index counts.
VERSION_COLUMNS = (
    ("series", "string"),
    ("time_ns", "bigint"),
    ("version", "bigint"),
    ("request", "string"),
    ("index", "int"),
)
# A line of `hot` and `late`, one for each version of a point.
LINE_COLUMNS = (
    ("series", "string"),
    ("metric_name", "string"),
    ("metric_type", "string"),
    ("time_ns", "bigint"),
    ("value", "double"),
    ("version", "bigint"),
    ("request", "string"),
    ("index", "int"),
    ("dims", "map<string,string>"),
)
# A point has both times, as Athena reads `timestamp` to the millisecond only.
COLUMNS = {**FIXED_COLUMNS, METRICS: (*FIXED_COLUMNS[METRICS], *VERSION_COLUMNS), REPLACED: VERSION_COLUMNS}
"""The columns of the tables of Parquet files, before those of dimensions."""
TAKEN = frozenset(
    {EVENT_HOUR, *(name for name, _ in (*COLUMNS[METRICS], *LINE_COLUMNS))},
)
"""Columns of `points` and `metrics`, in place of which a dimension's column is called otherwise."""

# No dimension's column is called export_place.
_PLACE = (
    "row_number() OVER (PARTITION BY event_hour, series, time_ns"
    ' ORDER BY version DESC, request DESC, "index" DESC) AS export_place'
)
# Cut to the millisecond first, as nothing may be rounded up into the next hour.
_TIME = "CAST(from_unixtime((time_ns - time_ns % 1000000) / 1e9) AS timestamp(3))"
_PRECEDENCE_COLUMNS = (("version", "bigint"), ("request", "varchar"), ("index", "integer"))
_HOUR_OF_PARTITION = "concat(export_date, '-', export_hour)"
_CATALOG_TYPES = {"varchar": "string", "integer": "int", "timestamp(3)": "timestamp"}


def points_columns(dimensions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Name and type, in SQL, of the columns of `points`; `dimensions` has the column of each dimension."""
    return [
        ("metric_name", "varchar"),
        ("metric_type", "varchar"),
        ("time", "timestamp(3)"),
        ("time_ns", "bigint"),
        ("value", "double"),
        *((column, "varchar") for column in dimensions.values()),
        (EVENT_HOUR, "varchar"),
        ("series", "varchar"),
        *_PRECEDENCE_COLUMNS,
    ]


def superseded_columns() -> list[tuple[str, str]]:
    """Name and type, in SQL, of the columns of `superseded`."""
    return [
        (EVENT_HOUR, "varchar"),
        ("series", "varchar"),
        ("time_ns", "bigint"),
        *_PRECEDENCE_COLUMNS,
    ]


def points_view(dimensions: Mapping[str, str]) -> str:
    """The SQL of `points`: of each series and time, the version that counts, once.

    The hour stands in the window's partition, or Athena could not tell from a query's `event_hour` which objects it
    need not read.
    """
    read = 'event_hour, series, metric_name, metric_type, time_ns, value, version, request, "index"'
    lines = f"SELECT {read}, dims FROM"
    of_line = ", ".join(
        [
            read,
            *(f"element_at(dims, {_text(name)}) AS {_name(column)}" for name, column in dimensions.items()),
        ]
    )
    of_metrics = ", ".join(
        [read.replace(EVENT_HOUR, f"{_HOUR_OF_PARTITION} AS event_hour"), *map(_name, dimensions.values())]
    )
    columns = ", ".join(
        f"{_TIME} AS {_name('time')}" if name == "time" else _name(name)
        for name, _ in points_columns(dimensions)
    )
    recent = f"SELECT {of_line} FROM ({lines} {HOT} UNION ALL {lines} {LATE})"  # noqa: S608 -- names are quoted
    all_of_them = f"{recent} UNION ALL SELECT {of_metrics} FROM {METRICS}"  # noqa: S608 -- likewise
    return f"SELECT {columns} FROM (SELECT p.*, {_PLACE} FROM ({all_of_them}) p) WHERE export_place = 1"  # noqa: S608


def superseded_view() -> str:
    """The SQL of `superseded`: each version of a point that does not count, once, wherever it lies by now.

    A version may lie in several objects: UNION keeps one. So all that was accepted is in `points` or in here.
    """
    read = 'series, time_ns, version, request, "index"'
    some = [f"SELECT event_hour, {read} FROM {table}" for table in (HOT, LATE)]  # noqa: S608 -- names of ours
    some += [
        f"SELECT {_HOUR_OF_PARTITION} AS event_hour, {read} FROM {table}"  # noqa: S608 -- likewise
        for table in (METRICS, REPLACED)
    ]
    every = " UNION ".join(some)
    return f"SELECT event_hour, {read} FROM (SELECT v.*, {_PLACE} FROM ({every}) v) WHERE export_place > 1"  # noqa: S608


def presto_view(sql: str, columns: list[tuple[str, str]], database: str) -> str:
    """A view as Athena keeps it in the data catalog, as the table's ViewOriginalText."""
    view = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": name, "type": kind} for name, kind in columns],
    }
    text = json.dumps(view, separators=(",", ":"))
    return f"/* Presto View: {base64.b64encode(text.encode()).decode()} */"


def catalog_columns(columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A view's columns with the data catalog's words for their types."""
    return [(name, _CATALOG_TYPES.get(kind, kind)) for name, kind in columns]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
