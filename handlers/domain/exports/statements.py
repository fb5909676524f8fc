"""The SQL of an hour's export. Names come from clients, so every one of them is quoted."""

from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import EXPRESSIONS, Layout, exported_name
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import AGGREGATES, MEASURES


@dataclass(frozen=True)
class Source:
    """The table that points are in, and where they go: the bucket, and the key its objects are encrypted with."""

    database: str
    table: str
    bucket: str
    key_arn: str


def describe(source: Source) -> str:
    """Which columns the table has."""
    return f"DESCRIBE {_table(source)}"


def extent(source: Source, hour: Hour) -> str:
    """How many points an hour has, and the first and last of their times."""
    return f"SELECT count(*), min(time), max(time) FROM {_table(source)} WHERE {_within(hour)}"  # noqa: S608 -- names are quoted, and there are no parameters


def unload(source: Source, layout: Layout, attempt: Attempt, dataset: str) -> str:
    """The statement that writes one dataset of an hour below the attempt's own prefix."""
    select = (
        _aggregates(source, layout, attempt.hour)
        if dataset == AGGREGATES
        else _points(source, layout, attempt.hour)
    )
    # Without these two the objects would be encrypted with S3's own key, whatever the bucket's default is.
    options = (
        f"format = 'PARQUET', compression = 'GZIP', encryption = 'SSE_KMS', kms_key = {_text(source.key_arn)}"
    )
    # The documented form of a folder ends without a slash; what comes below it begins with one.
    folder = f"s3://{source.bucket}/{attempt.prefix(dataset).rstrip('/')}"
    return f"UNLOAD ({select}) TO {_text(folder)} WITH ({options})"


def _points(source: Source, layout: Layout, hour: Hour) -> str:
    columns = ["metric_name", "metric_type", "time", "value", *layout.dimensions]
    return f"SELECT {', '.join(map(_name, columns))} FROM {_table(source)} WHERE {_within(hour)}"  # noqa: S608 -- names are quoted, and there are no parameters


def _aggregates(source: Source, layout: Layout, hour: Hour) -> str:
    keys = [(_name("metric_name"), "metric_name"), (_name("metric_type"), "metric_type")]
    keys += [(_name(name), exported_name(AGGREGATES, name)) for name in layout.dimensions]
    keys.append(('bin("time", 1m)', "time"))
    columns = [f"{expression} AS {_name(name)}" for expression, name in keys]
    columns += [f"{EXPRESSIONS[name]} AS {_name(name)}" for name, _ in MEASURES]
    groups = ", ".join(expression for expression, _ in keys)
    return f"SELECT {', '.join(columns)} FROM {_table(source)} WHERE {_within(hour)} GROUP BY {groups}"  # noqa: S608 -- names are quoted, and there are no parameters


def _within(hour: Hour) -> str:
    """Exactly the hour, to the nanosecond; the measure's name lets Timestream skip whatever else is there."""
    return f"measure_name = 'metric' AND time >= {_moment(hour.start)} AND time < {_moment(hour.end)}"


def _moment(seconds: int) -> str:
    return f"TIMESTAMP '{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.000000000'"


def _table(source: Source) -> str:
    return f"{_name(source.database)}.{_name(source.table)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
