"""History from exported hours."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record, State
from handlers.domain.timestamp import NS_PER_S
from ops.errors import OperatorError
from ops.export_files import Published
from ops.export_hours import HourState
from ops.history import exported
from ops.history.asked import Readings, asked_of
from ops.history.exported import ExportedHistory
from tests.support.rules import a_rule

FIRST = Hour.parse("2026-11-25T04")
BEGIN_NS = FIRST.start_s * NS_PER_S
COLUMNS = [("metric_name", "string"), ("metric_type", "string"), ("time", "timestamp"), ("value", "double")]
Open = Callable[..., ExportedHistory]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the history of some hours, each with its columns, or its state where it was not published."""
    made: list[ExportedHistory] = []

    class S3:
        """The bucket, whose keys are paths."""

        def get_paginator(self, _: str) -> Any:
            """Lists the one file of an hour."""
            return SimpleNamespace(
                paginate=lambda **place: [{"Contents": [{"Key": place["Prefix"], "Size": 1}]}]
            )

        def download_file(self, _: str, key: str, path: str) -> None:
            """Copies it."""
            Path(path).write_bytes((tmp_path / key).read_bytes())

    def open_history(*hours: Any, states: Any = None, **rule: Any) -> ExportedHistory:
        partitions, found = [], []
        for number, columns in enumerate(hours):
            hour = FIRST.plus(number)
            state = (states or {}).get(number, State.EXPORTED)
            found.append(HourState(hour, state, Record(hour, error="throttled")))
            if columns is not None:
                pq.write_table(pa.table(columns), tmp_path / str(hour), use_deprecated_int96_timestamps=True)
                partitions.append(Published(hour.date, hour.of_day, f"s3://bucket/{hour}"))
        columns = [*COLUMNS, ("host", "string"), ("the__pod", "string")]
        monkeypatch.setattr(exported, "published", lambda *_: (columns, partitions))
        monkeypatch.setattr(exported, "states_of", lambda *_: found)
        target: Any = SimpleNamespace(
            config=SimpleNamespace(store=SimpleNamespace(kind="timestream")), client=lambda _: S3()
        )
        made.append(ExportedHistory(target, asked_of([a_rule(**rule)]), [one.hour for one in found]))
        return made[-1]

    yield open_history
    for one in made:
        one.close()


def points(**columns: list[Any]) -> dict[str, Any]:
    """Three points of an hour, of which the last is another metric's."""
    times = pa.array([BEGIN_NS + 1, BEGIN_NS + 61 * NS_PER_S, BEGIN_NS], pa.timestamp("ns"))
    names = {"metric_name": ["cpu.load", "cpu.load", "x"], "metric_type": ["system"] * 3}
    return {**names, "time": times, "value": [1.0, 2.0, 3.0], **columns}


def read(history: ExportedHistory, hour: Hour = FIRST) -> list[Readings]:
    """All points of an hour."""
    return [one for part in history.slices(hour) for one in history.read(history._metrics[0], part)]


def test_points_are_those_of_the_rules_metrics(opened: Open) -> None:
    """In whole steps, in the groups that rules ask for; an absent dimension is none."""
    found = read(opened(points(host=["a", None, "a"]), by=["host"]))
    base = FIRST.start_s // 60
    told = {(one.dimensions, tuple(one.times), tuple(one.values)) for one in found}
    assert told == {((("host", "a"),), (base,), (1.0,)), ((), (base + 1,), (2.0,))}


def test_a_column_that_is_in_no_file_is_a_dimension_of_no_point(opened: Open) -> None:
    """It came later, or never."""
    [readings] = read(opened(points(), by=["host"]))
    assert (readings.dimensions, list(readings.values)) == ((), [1.0, 2.0])


def test_counters_keep_their_nanoseconds_and_all_that_tells_them_apart(opened: Open) -> None:
    """A column that the catalog does not have is none of it."""
    history = opened(points(the__pod=["p", "q", "p"], gone=["x"] * 3), statistic="increase", by=["host"])
    told = {(one.dimensions, tuple(one.times)) for one in read(history)}
    assert told == {
        ((("the__pod", "p"),), (BEGIN_NS + 1,)),
        ((("the__pod", "q"),), (BEGIN_NS + 61 * NS_PER_S,)),
    }


def test_an_hour_that_was_exported_empty_has_no_points(opened: Open) -> None:
    """That is known of it."""
    history = opened(None, states={0: State.EMPTY})
    assert list(history.slices(FIRST)) == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.NONE, "never exported"),
        (State.MISSING, "never exported"),
        (State.WAITING, "not exported yet"),
        (State.FAILED, "never exported: throttled"),
        (State.EXPIRED, "never exported: throttled"),
        (State.STALE, "exported empty, and points came after that"),
    ],
)
def test_an_hour_that_is_not_there_is_not_taken_for_empty(opened: Open, state: State, why: str) -> None:
    """It says why."""
    with pytest.raises(OperatorError, match=why):
        opened(None, states={0: state}).slices(FIRST)


@pytest.mark.parametrize("state", [State.STALE, State.PARTIAL, State.FAILED, State.RUNNING])
def test_an_export_that_may_lack_points_is_read_and_remarked_on(opened: Open, state: State) -> None:
    """Whoever reads on is told."""
    history = opened(points(), states={0: state})
    assert read(history)
    assert history.remark(FIRST)


def test_a_file_that_is_none_is_named(opened: Open, tmp_path: Path) -> None:
    """The hour is not read, and no points are made up."""
    history = opened(points())
    (tmp_path / str(FIRST)).write_bytes(b"PAR1 not at all")
    with pytest.raises(OperatorError, match="its files cannot be read"):
        history.slices(FIRST)


def test_hours_follow_each_other(opened: Open) -> None:
    """Each is loaded in the place of the one before."""
    later = points()
    later["time"] = pa.array([BEGIN_NS + 3600 * NS_PER_S] * 3, pa.timestamp("ns"))
    history = opened(points(), later)
    assert [sum(len(one.values) for one in read(history, FIRST.plus(number))) for number in (0, 1, 0)] == [
        2,
        2,
        2,
    ]
