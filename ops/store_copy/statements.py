"""The SQL of a copy. Names come from clients, so every one of them is quoted."""

from collections.abc import Sequence
from datetime import UTC, datetime

from handlers.domain.exports.hour import Hour
from handlers.lake import EVENT_HOUR
from ops.store.quoted import quoted_name, quoted_text


def oldest_point(points: str) -> str:
    """The query of the time of the oldest point in Timestream's table."""
    return f"SELECT min(time) FROM {points} WHERE {_MEASURE}"  # noqa: S608 -- the table's name is quoted


def count_hours(points: str, first: Hour, last: Hour) -> str:
    """The query of the hours of a range that have points in Timestream, and of how many."""
    return f"SELECT bin(time, 1h), count(*) FROM {points} WHERE {_within(first, last)} GROUP BY bin(time, 1h)"  # noqa: S608 -- likewise


def unload(points: str, hour: Hour, dimensions: Sequence[str], folder: str, key_arn: str) -> str:
    """The statement that writes an hour's points below a folder, as `ops.store_copy.files` reads them.

    NULL and '' look alike in these files, and no point has a dimension that is ''.
    """
    names = ", ".join(map(quoted_name, ("metric_name", "metric_type", *dimensions)))
    # No dimension is called export_time_ns.
    select = f"SELECT {names}, to_nanoseconds(time) AS export_time_ns, value FROM {points}"  # noqa: S608 -- names are quoted
    # Without the key the files would be encrypted with S3's own, whatever the bucket's default is.
    options = (
        "format = 'CSV', compression = 'GZIP', include_header = 'false', "
        f"encryption = 'SSE_KMS', kms_key = {quoted_text(key_arn)}"
    )
    return f"UNLOAD ({select} WHERE {_within(hour, hour)}) TO {quoted_text(folder)} WITH ({options})"


def count_copied(points: str, superseded: str, request: str, first: Hour, last: Hour) -> str:
    """The query of the hours of a range that have copied points in the lake, and of how many.

    A copied point that lost to one that clients sent to the lake, or to a later copy of itself, counts once.
    """
    bounds = [quoted_text(f"{hour.date}-{hour.of_day}") for hour in (first, last)]
    copied = f"{EVENT_HOUR} BETWEEN {bounds[0]} AND {bounds[1]} AND request = {quoted_text(request)}"
    versions = " UNION ".join(
        f"SELECT {EVENT_HOUR}, series, time_ns FROM {view} WHERE {copied}"  # noqa: S608 -- names are quoted
        for view in (points, superseded)
    )
    return f"SELECT {EVENT_HOUR}, count(*) FROM ({versions}) GROUP BY {EVENT_HOUR}"  # noqa: S608 -- likewise


# Lets Timestream skip whatever else is there.
_MEASURE = "measure_name = 'metric'"


def _within(first: Hour, last: Hour) -> str:
    """Exactly these hours, to the nanosecond."""
    return f"{_MEASURE} AND time >= {_timestamp(first.start_s)} AND time < {_timestamp(last.end_s)}"


def _timestamp(time_s: int) -> str:
    return f"TIMESTAMP '{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}.000000000'"
