"""The SQL of an hour's compaction: over the lake's two views, so that it keeps what readers see, and no more than that.

`event_hour` stands in each, or every hour of the lake would be read. Names come from clients: every one is quoted.
"""

from handlers import lake
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import UnloadRequest
from handlers.domain.exports.measures import EXPRESSIONS
from handlers.vocabulary import AGGREGATES, LAKE, MEASURES, METRICS

_SERIES = ("metric_name", "metric_type")


def count_versions(hour: Hour) -> str:
    """The query of an hour's number of points, of the first and last of their times, and of versions that lost."""
    of_points = (
        f'count(*) AS points, min("time_ns") AS first, max("time_ns") AS last FROM {_of(lake.POINTS, hour)}'
    )
    of_others = f"count(*) AS superseded FROM {_of(lake.SUPERSEDED, hour)}"
    return f"SELECT points, first, last, superseded FROM (SELECT {of_points}) CROSS JOIN (SELECT {of_others})"  # noqa: S608 -- names are quoted


def unload(bucket: str, request: UnloadRequest) -> str:
    """The statement that writes one dataset of an hour below its prefix; the bucket encrypts it with its own key."""
    select = _SELECTS[request.dataset](request)
    folder = f"s3://{bucket}/{request.prefix}results/"
    return f"UNLOAD ({select}) TO {_text(folder)} WITH (format = 'PARQUET', compression = 'SNAPPY')"


def _points(request: UnloadRequest) -> str:
    names = [*(name for name, _ in lake.COLUMNS[METRICS]), *_columns(METRICS, request)]
    return f"SELECT {', '.join(map(_name, names))} FROM {_of(lake.POINTS, request.hour)}"  # noqa: S608 -- names are quoted


def _replaced(request: UnloadRequest) -> str:
    names = [name for name, _ in lake.COLUMNS[lake.REPLACED]]
    return f"SELECT {', '.join(map(_name, names))} FROM {_of(lake.SUPERSEDED, request.hour)}"  # noqa: S608 -- names are quoted


def _aggregates(request: UnloadRequest) -> str:
    keys = [(_name(name), name) for name in _SERIES]
    keys.append(("date_trunc('minute', \"time\")", "time"))
    ours, read = _columns(AGGREGATES, request), _columns(METRICS, request)
    keys += [(_name(column), name) for column, name in zip(read, ours, strict=True)]
    keys += [(EXPRESSIONS[name], name) for name, _ in MEASURES]
    # Each name once, if it can be: hundreds of long ones must fit into what Athena takes.
    columns = [text if text == _name(name) else f"{text} AS {_name(name)}" for text, name in keys]
    groups = ", ".join(str(place + 1) for place in range(len(keys) - len(MEASURES)))
    return f"SELECT {', '.join(columns)} FROM {_of(lake.POINTS, request.hour)} GROUP BY {groups}"  # noqa: S608 -- names are quoted


_SELECTS = {METRICS: _points, AGGREGATES: _aggregates, lake.REPLACED: _replaced}


def _columns(dataset: str, request: UnloadRequest) -> list[str]:
    layout = Layout(request.dimensions, written=True, kind=LAKE)
    return [layout.column(dataset, name) for name in request.dimensions]


def _of(view: str, hour: Hour) -> str:
    value = _text(f"{hour.date}-{hour.of_day}")
    return f"{_name(view)} WHERE {_name(lake.EVENT_HOUR)} = {value}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
