"""Hours of the lake, from the writer's objects to compacted files: at every moment each point is there once."""

from collections.abc import Callable
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from tests.support.events import kinesis_record
from tests.support.export_world import World, at, deployment, world

pytestmark = [pytest.mark.pipeline, pytest.mark.parametrize("deployment", ["lake"], indirect=True)]
__all__ = ["deployment", "world"]

Record = dict[str, Any]
HOSTILE = {"host.name": 'a"b', "time_ns": "Größe", "count": "'; DROP", "UPPER-case": "\\n"}


def record(world: World, number: int, *points: tuple[float, float], **dimensions: str) -> Record:
    """A request that arrives now, the stream's so-manieth: seconds into the hour and value of each point."""
    hour = Hour.containing(world.clock.now())
    return request(world, number, hour, *points, **dimensions)


def request(world: World, number: int, hour: Hour, *points: tuple[float, float], **dimensions: str) -> Record:
    """The same of another hour."""
    metrics = [
        {"metric_name": "m", "value": value, "timestamp": at(hour, second), "dimensions": dimensions}
        for second, value in points
    ]
    return kinesis_record({"metrics": metrics}, number, arrival_ms=round(world.clock.now() * 1000))


def seen(world: World, hour: Hour) -> tuple[dict[float, float], int]:
    """The hour's points by the view, value by second, each once; and how many versions were superseded."""
    where = f"WHERE event_hour = '{hour.date}-{hour.of_day}'"
    rows = world.ask(f"SELECT time_ns, value FROM points {where}")
    points = {int(time) / 10**9 - hour.start_s: float(value) for time, value in rows if time and value}
    assert len(points) == len(rows)
    ((superseded,),) = world.ask(f"SELECT count(*) FROM superseded {where}")
    return points, int(superseded or 0)


def objects(world: World, hour: Hour) -> list[str]:
    """The writers' objects of an hour."""
    return world.keys(f"hot/event_hour={hour.date}-{hour.of_day}/") + world.keys("late/")


def compact(world: World, hours_later: int, hour: Hour) -> dict[str, str]:
    """The hourly run, so many hours after an hour began."""
    world.go_to(hour.plus(hours_later), 25)
    return world.scheduled()


def same_batch_twice(world: World) -> list[list[Record]]:
    """As the mapping delivers it again when its answer was lost."""
    batch = [record(world, 0, (1, 1.0), (2, 2.0)), record(world, 1, (3, 3.0))]
    return [batch, batch]


def bisected(world: World) -> list[list[Record]]:
    """As the mapping halves a batch that failed."""
    batch = [record(world, number, (number, float(number))) for number in range(4)]
    return [batch, batch[:2], batch[2:]]


def overlapping(world: World) -> list[list[Record]]:
    """As a shard is read again from a record in the middle of a batch."""
    batch = [record(world, number, (number, float(number))) for number in range(6)]
    return [batch[:4], batch[2:]]


def corrected(world: World) -> list[list[Record]]:
    """A newer version, and then the older one again."""
    older = [record(world, 0, (1, 1.0), (2, 2.0))]
    world.go_to(world.hour, 31)
    return [older, [record(world, 1, (1, 10.0))], older]


def many_objects(world: World) -> list[list[Record]]:
    """Four shards of an hour, a batch a minute, and one more."""
    return [[record(world, number, (number, float(number)))] for number in range(241)]


@pytest.mark.parametrize(
    ("deliveries", "points", "superseded"),
    [
        (same_batch_twice, {1: 1.0, 2: 2.0, 3: 3.0}, 0),
        (bisected, {number: float(number) for number in range(4)}, 0),
        (overlapping, {number: float(number) for number in range(6)}, 0),
        (corrected, {1: 10.0, 2: 2.0}, 1),
        (many_objects, {number: float(number) for number in range(241)}, 0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_hour_reads_alike_before_and_after_its_compaction(
    world: World,
    deliveries: Callable[[World], list[list[Record]]],
    points: dict[float, float],
    superseded: int,
) -> None:
    """And when its objects are gone."""
    hour = world.hour
    world.go_to(hour, 30)
    for batch in deliveries(world):
        world.deliver(*batch)
    assert seen(world, hour) == (points, superseded)
    assert compact(world, 1, hour) == {str(hour): "exported"}
    assert objects(world, hour)
    assert seen(world, hour) == (points, superseded)
    assert world.status(hour)["appended"] == len(points) + superseded
    compact(world, 2, hour)
    assert objects(world, hour) == []
    assert seen(world, hour) == (points, superseded)


def test_a_batch_that_comes_again_after_all_was_compacted_changes_nothing(world: World) -> None:
    """The older versions of a correction among it: their objects go once they were compacted, too."""
    hour = world.hour
    world.go_to(hour, 30)
    batches = corrected(world)
    for batch in batches:
        world.deliver(*batch)
    for later in (1, 2):
        compact(world, later, hour)
    world.deliver(*batches[0])
    for later in (3, 4, 5):
        assert seen(world, hour) == ({1: 10.0, 2: 2.0}, 1)
        compact(world, later, hour)
    assert objects(world, hour) == []
    assert seen(world, hour) == ({1: 10.0, 2: 2.0}, 1)


def test_a_point_three_hours_late_may_come_during_a_compaction(world: World) -> None:
    """After the files were written and before they are shown: a new point, and a version of one that was compacted."""
    hour = world.hour
    world.go_to(hour, 30)
    world.deliver(record(world, 0, (1, 1.0)))
    compact(world, 1, hour)
    world.go_to(hour.plus(4), 30)
    late = [request(world, 1, hour, (2, 2.0)), request(world, 2, hour, (1, 10.0))]
    hours = [request(world, 3 + back, hour.plus(back), (5, 5.0)) for back in range(-6, 4)]

    def deliver(name: str, _: dict[str, Any]) -> None:
        if name == "metric_export_publisher" and late:
            world.deliver(*late, *hours)
            late.clear()

    world.before = deliver
    assert world.export(first=str(hour)) == {str(hour): "exported"}
    assert world.keys("late/")
    expected = {1.0: 10.0, 2.0: 2.0, 5.0: 5.0}
    assert seen(world, hour) == (expected, 1)
    for later in (5, 6, 7):
        compact(world, later, hour)
        assert seen(world, hour) == (expected, 1)
    assert objects(world, hour) == []
    assert seen(world, hour.plus(-6)) == ({5.0: 5.0}, 0)


def test_an_older_version_that_comes_after_all_was_compacted_changes_nothing(world: World) -> None:
    """A shard is read again from far back: what it brings lost long ago, and is counted once."""
    hour = world.hour
    world.go_to(hour, 30)
    older = record(world, 0, (1, 1.0))
    world.go_to(hour, 31)
    world.deliver(record(world, 1, (1, 10.0)))
    for later in (1, 2):
        compact(world, later, hour)
    world.deliver(older)
    for later in (3, 4, 5):
        assert seen(world, hour) == ({1.0: 10.0}, 1)
        compact(world, later, hour)
    assert objects(world, hour) == []
    assert seen(world, hour) == ({1.0: 10.0}, 1)


def test_a_dimension_may_be_called_anything_and_may_be_new(world: World) -> None:
    """In mid-hour, with dots, dashes and the names of the view's own columns, and hold any text."""
    hour = world.hour
    world.go_to(hour, 30)
    world.deliver(record(world, 0, (1, 1.0)))
    world.deliver(record(world, 1, (2, 2.0), **HOSTILE))
    columns = ("host__name", "export_time_ns", "count", "upper___case")
    where = f"WHERE event_hour = '{hour.date}-{hour.of_day}'"
    sql = f"SELECT {', '.join(columns)} FROM points {where} ORDER BY value"
    expected = [(None,) * 4, tuple(HOSTILE.values())]
    assert world.ask(sql) == expected
    for later in (1, 2):
        compact(world, later, hour)
        assert world.ask(sql) == expected
    assert objects(world, hour) == []


def test_an_empty_lake_can_be_asked(world: World) -> None:
    """Both views have no row of an hour without points, compacted or not."""
    hour = world.hour
    assert seen(world, hour) == ({}, 0)
    assert compact(world, 1, hour) == {str(hour): "empty"}
    assert seen(world, hour) == ({}, 0)
