"""The lines and the keys of points in the lake."""

import gzip
import hashlib
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import lake
from handlers.adapters.lake.lines import HOT_HOURS, Lines, objects_of, series_id
from handlers.domain.point import Point, Series
from tests.support.lake_points import HOUR_NS, POINTS, SERIES, START_NS, point, record


def read(some: Lines) -> list[dict[str, Any]]:
    """The lines of an object, as a reader of JSON has them."""
    return [json.loads(line) for line in gzip.decompress(some.body()).decode().split("\n")[:-1]]


def test_a_line_has_all_of_a_point() -> None:
    """In an object of its hour, whose key says where in the stream it comes from."""
    series = Series("cpu.load", "system", (("host", "a"), ("zone", "b")))
    [found] = objects_of([point(series, value=7.0, request_index=3, time_ns=START_NS + 5)])
    version = record().version
    assert read(found) == [
        {
            "series": series_id(series), "metric_name": "cpu.load", "metric_type": "system", "time_ns": START_NS + 5,
            "value": 7.0, "version": version, "request": "R=", "index": 3, "dims": {"host": "a", "zone": "b"},
        }
    ]  # fmt: skip
    assert [name for name, _ in lake.LINE_COLUMNS] == list(read(found)[0])
    digest = hashlib.blake2b(found.content, digest_size=6).hexdigest()
    assert found.key == f"hot/event_hour=2025-11-25-20/shardId-000000000007-1-1-{digest}.jsonl.gz"


def test_a_series_has_the_same_id_in_sql() -> None:
    """It is the hash of type, name and dimensions in the order of their names, with a control character between."""
    text = "system\x1fcpu\x1fhost\x1fa\x1fzone\x1fb"
    expected = hashlib.sha256(text.encode()).hexdigest()[:32]
    assert series_id(Series("cpu", "system", (("host", "a"), ("zone", "b")))) == expected


def test_older_hours_share_an_object() -> None:
    """The newest six have one each; the lines of the others say their hour, as no partition does."""
    points = [point(time_ns=START_NS - hour * HOUR_NS) for hour in range(9)]
    *hot, late = objects_of(points)
    assert [one.key.split("/")[1] for one in hot] == [
        f"event_hour=2025-11-25-{hour}" for hour in range(15, 21)
    ]
    assert late.key.startswith("late/shardId-000000000007-1-1-")
    assert [line["event_hour"] for line in read(late)] == [f"2025-11-25-{hour}" for hour in (12, 13, 14)]
    assert not any("event_hour" in line for one in hot for line in read(one))


def test_the_key_has_the_first_and_the_last_record() -> None:
    """Whatever the order of the points is."""
    [found] = objects_of([point(record=record(sequence)) for sequence in (5, 2**180, 3)])
    assert f"-3-{2**180}-" in found.key


def test_the_same_points_make_the_same_bytes() -> None:
    """gzip keeps no time of its own, so a retry in another second replaces the object by itself."""
    [first], [again] = objects_of([point()]), objects_of([point()])
    assert (first.key, first.body()) == (again.key, again.body())
    assert gzip.decompress(first.body()) == first.content


def test_other_points_of_the_same_records_make_another_key() -> None:
    """A batch of which fewer points could be admitted does not take the place of the whole one, nor it of that."""
    [both], [one] = objects_of([point(), point(time_ns=START_NS + 1)]), objects_of([point()])
    assert both.key != one.key


@given(POINTS)
def test_every_point_is_in_one_line_as_it_was(points: Sequence[Point]) -> None:
    """Whatever its names, values and hour are, in at most seven objects."""
    objects = objects_of(points)
    assert len(objects) <= HOT_HOURS + 1
    assert len({one.key for one in objects}) == len(objects)
    placed = [position for one in objects for position in one.positions]
    assert sorted(placed) == list(range(len(points)))
    for one in objects:
        hour = one.key.partition("event_hour=")[2][:13]
        for position, line in zip(one.positions, read(one), strict=True):
            series, time_ns, value, index, source = points[position]
            assert line.pop("event_hour", hour) == lake_hour(time_ns)
            assert line == {
                "series": series_id(series),
                "metric_name": series.metric_name,
                "metric_type": series.metric_type,
                "time_ns": time_ns,
                "value": value,
                "version": source.version,
                "request": source.request_id,
                "index": index,
                "dims": dict(series.dimensions),
            }


def lake_hour(time_ns: int) -> str:
    """The hour of a time, made in another way."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=time_ns // HOUR_NS)).strftime("%Y-%m-%d-%H")


@given(st.lists(SERIES, unique=True, min_size=2, max_size=10))
def test_no_two_series_have_one_id(some: Sequence[Series]) -> None:
    """Also those that differ in where one name ends and the next begins."""
    for one, other in itertools.combinations(some, 2):
        assert series_id(one) != series_id(other)


@pytest.mark.parametrize("value", [1e300, -0.0, 5e-324, 0.1 + 0.2, 1e16, 123456789.123456789])
def test_a_value_keeps_all_of_its_digits(value: float) -> None:
    """It is the same double after it was read."""
    [found] = objects_of([point(value=value)])
    [line] = read(found)
    assert (line["value"], str(line["value"])) == (value, str(value))
