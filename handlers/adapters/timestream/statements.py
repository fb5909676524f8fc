"""The SQL of an hour's export. Names come from clients, so every one of them is quoted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.columns import Layout, column_name
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import UnloadRequest
from handlers.domain.exports.measures import EXPRESSIONS
from handlers.vocabulary import AGGREGATES, MEASURES, METRICS

_OURS = ("metric_name", "metric_type")


@dataclass(frozen=True)
class Source:
    """The table that points are in, the bucket of their files, and the key those are encrypted with."""

    database: str
    table: str
    bucket: str
    key_arn: str


def describe(source: Source) -> str:
    """The query of the table's columns."""
    return f"DESCRIBE {_table(source)}"


def read_description(rows: Sequence[Sequence[str]]) -> Layout:
    """The layout that DESCRIBE's rows (column, type, kind) tell of.

    `ConfigurationError` if the table is not one of points: then nothing that is exported would be what it says.
    """
    dimensions = sorted(row[0] for row in rows if row[2].upper() == "DIMENSION" and row[0] not in _OURS)
    value = next((row for row in rows if row[0] == "value"), None)
    if value is None:
        return Layout(tuple(dimensions), written=False)
    if value[1].lower() != "double" or value[2].upper() == "DIMENSION":
        raise ConfigurationError(
            f"the table's column value is a {value[1]} ({value[2]}), not the measure of points"
        )
    return Layout(tuple(dimensions), written=True)


def count_points(source: Source, hour: Hour) -> str:
    """The query of an hour's number of points, and of the first and last of their times."""
    return f"SELECT count(*), min(time), max(time) FROM {_table(source)} WHERE {_within(hour)}"  # noqa: S608 -- names are quoted, and there are no parameters


def unload(source: Source, request: UnloadRequest) -> str:
    """The statement that writes one dataset of an hour below its prefix."""
    select = _aggregates(source, request) if request.dataset == AGGREGATES else _points(source, request)
    # Without these two the objects would be encrypted with S3's own key, whatever the bucket's default is.
    options = (
        f"format = 'PARQUET', compression = 'GZIP', encryption = 'SSE_KMS', kms_key = {_text(source.key_arn)}"
    )
    # The documented form of a folder ends without a slash; what comes below it begins with one.
    folder = f"s3://{source.bucket}/{request.prefix.rstrip('/')}"
    return f"UNLOAD ({select}) TO {_text(folder)} WITH ({options})"


def _points(source: Source, request: UnloadRequest) -> str:
    columns = [*map(_name, (*_OURS, "time", "value"))]
    columns += [f"{_name(name)} AS {_name(column_name(METRICS, name))}" for name in request.dimensions]
    return f"SELECT {', '.join(columns)} FROM {_table(source)} WHERE {_within(request.hour)}"  # noqa: S608 -- names are quoted, and there are no parameters


def _aggregates(source: Source, request: UnloadRequest) -> str:
    keys = [(_name(name), name) for name in _OURS]
    keys += [(_name(name), column_name(AGGREGATES, name)) for name in request.dimensions]
    keys.append(('bin("time", 1m)', "time"))
    columns = [f"{expression} AS {_name(name)}" for expression, name in keys]
    columns += [f"{EXPRESSIONS[name]} AS {_name(name)}" for name, _ in MEASURES]
    groups = ", ".join(expression for expression, _ in keys)
    return (
        f"SELECT {', '.join(columns)} FROM {_table(source)} WHERE {_within(request.hour)} GROUP BY {groups}"  # noqa: S608 -- names are quoted, and there are no parameters
    )


def _within(hour: Hour) -> str:
    """Exactly the hour, to the nanosecond; the measure's name lets Timestream skip whatever else is there."""
    return (
        f"measure_name = 'metric' AND time >= {_timestamp(hour.start_s)} AND time < {_timestamp(hour.end_s)}"
    )


def _timestamp(time_s: int) -> str:
    return f"TIMESTAMP '{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}.000000000'"


def _table(source: Source) -> str:
    return f"{_name(source.database)}.{_name(source.table)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
