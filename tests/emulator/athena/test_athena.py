"""A lake of points: versions in hot, late and compacted objects, and views of those that count and the others."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers import lake
from handlers.adapters.lake import statements
from handlers.domain.exports.columns import Layout, column_name
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import UnloadRequest
from handlers.vocabulary import AGGREGATES, LAKE, METRICS
from tests.support.athena_world import HOURS, World

NAMES = ("host", "a.b", 'quo"te', "it's", "Ümlaut", "series")
DIMENSIONS = {name: column_name(lake.POINTS, name) for name in NAMES}
LINE = dict(lake.LINE_COLUMNS)


@dataclass(frozen=True)
class Version:
    """A version of a point, as a line of the lake has it."""

    series: str = "5" * 32
    metric_name: str = "cpu"
    metric_type: str = "gauge"
    time_ns: int = 1_795_554_000_000_000_001  # 2026-11-24 21:00
    value: float = 1.0
    version: int = 1
    request: str = "r1"
    index: int = 0
    host: str = "h"

    @property
    def hour(self) -> str:
        """The hour in UTC that it belongs to."""
        return datetime.fromtimestamp(self.time_ns // 10**9, UTC).strftime("%Y-%m-%d-%H")

    @property
    def order(self) -> tuple[int, str, int]:
        """The greatest one counts."""
        return self.version, self.request, self.index

    @property
    def point(self) -> tuple[str, int]:
        """Versions of one point agree on it."""
        return self.series, self.time_ns

    def line(self, **dims: str) -> dict[str, Any]:
        """The line that the writer puts."""
        line = asdict(self)
        return {**line, "dims": {"host": line.pop("host"), **dims}}


class Lake(World):
    """The lake's tables and views."""

    def __init__(self, dimensions: Mapping[str, str] = DIMENSIONS) -> None:
        super().__init__()
        hours = {name.replace(".hour.", ".event_hour."): value for name, value in HOURS.items()}
        hours["storage.location.template"] = "s3://data/hot/event_hour=${event_hour}/"
        keys = {"export_date": "string", "export_hour": "string"}
        self.add_json(lake.HOT, LINE, keys={lake.EVENT_HOUR: "string"}, parameters=hours)
        self.add_json(lake.LATE, {**LINE, lake.EVENT_HOUR: "string"})
        layout = Layout(tuple(dimensions), written=True, kind=LAKE)
        for dataset in layout.datasets:
            self.add_parquet(dataset, {c.name: c.type for c in layout.catalog(dataset)}, keys=keys)
        self.show(dimensions)

    def show(self, dimensions: Mapping[str, str]) -> None:
        """Put both views."""
        views = {
            lake.POINTS: (lake.points_view(dimensions), lake.points_columns(dimensions)),
            lake.SUPERSEDED: (lake.superseded_view(), lake.superseded_columns()),
        }
        for name, (sql, columns) in views.items():
            text = lake.presto_view(sql, columns, "lake")
            view = {"Name": name, "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text}
            self.put_table("lake", view, replace=name in self.catalog["lake"])

    def hot(self, name: str, *versions: Version, **dims: str) -> None:
        """Write a batch: an object for each hour."""
        for hour in {version.hour for version in versions}:
            lines = [version.line(**dims) for version in versions if version.hour == hour]
            self.put_lines(f"hot/event_hour={hour}/{name}.jsonl.gz", *lines)

    def late(self, name: str, *versions: Version) -> None:
        """Write a batch of old points into one object."""
        lines = [{**version.line(), lake.EVENT_HOUR: version.hour} for version in versions]
        self.put_lines(f"late/{name}.jsonl.gz", *lines)

    def compact(self, hour: str, run: str) -> None:
        """Unload an hour with the statements of the compaction, and switch its partitions."""
        day, clock = hour[:10], hour[11:]
        for dataset in (METRICS, AGGREGATES, lake.REPLACED):
            prefix = f"{dataset}/{day}/{clock}/{run}/"
            asked = UnloadRequest(
                dataset, Hour.parse(f"{day}T{clock}"), tuple(DIMENSIONS), prefix, client_token="token"
            )
            self.run(statements.unload("data", asked))
        for dataset in (METRICS, AGGREGATES, lake.REPLACED):
            others = [p for p in self.registered.get(dataset, []) if p["Values"] != [day, clock]]
            self.registered[dataset] = others
            self.add_partition(dataset, [day, clock], f"s3://data/{dataset}/{day}/{clock}/{run}/results/")

    def points(self) -> list[tuple[str, ...]]:
        """The versions that count: series, time, value, version, request."""
        found = self.rows("SELECT series, time_ns, value, version, request FROM points")
        return sorted(tuple(map(str, row)) for row in found)

    def lost(self) -> list[tuple[str, ...]]:
        """The versions that do not count: series, time, version, request, index."""
        found = self.rows('SELECT series, time_ns, version, request, "index" FROM superseded')
        return sorted(tuple(map(str, row)) for row in found)


def expected(versions: Iterable[Version]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Those that count and those that do not, of all versions that were written at least once."""
    best: dict[tuple[str, int], Version] = {}
    for version in versions:
        if version.point not in best or version.order > best[version.point].order:
            best[version.point] = version
    lost = {version for version in versions if version != best[version.point]}
    return (
        sorted((v.series, str(v.time_ns), str(v.value), str(v.version), v.request) for v in best.values()),
        sorted((v.series, str(v.time_ns), str(v.version), v.request, str(v.index)) for v in lost),
    )


FIRST = Version()
NEIGHBOUR = replace(FIRST, time_ns=FIRST.time_ns + 1)
CORRECTION = replace(FIRST, version=2, value=9.0, request="r2")


def test_the_same_batch_twice_is_one() -> None:
    """A retried batch under another key, or in part, adds nothing."""
    world = Lake()
    world.hot("0-1-9", FIRST, NEIGHBOUR)
    world.hot("0-1-5", FIRST)
    world.hot("0-4-9", NEIGHBOUR, FIRST)
    assert (world.points(), world.lost()) == expected([FIRST, NEIGHBOUR])
    assert len(world.points()) == 2


@pytest.mark.parametrize("order", [(FIRST, CORRECTION), (CORRECTION, FIRST)])
def test_a_correction_counts_whenever_the_older_version_comes(order: tuple[Version, Version]) -> None:
    """The higher version counts, in whichever order both were written, and the other one is superseded."""
    world = Lake()
    for place, version in enumerate(order):
        world.hot(f"0-{place}", version)
    assert (world.points(), world.lost()) == expected(order)
    assert [row[2] for row in world.points()] == ["9.0"]


def test_equal_versions_are_decided_by_request_and_place() -> None:
    """Of one version the greater request counts, and of one request the later place in it."""
    others = [FIRST, replace(FIRST, request="r0", value=2.0), replace(FIRST, index=1, value=3.0)]
    world = Lake()
    world.hot("0-1", *others)
    assert (world.points(), world.lost()) == expected(others)
    assert [row[2] for row in world.points()] == ["3.0"]


def test_a_compaction_changes_nothing_for_readers() -> None:
    """Before it, after it, when its hot objects are gone, and when a late version came, the views say the same."""
    world = Lake()
    world.hot("0-1", FIRST, NEIGHBOUR, CORRECTION)
    before = world.points(), world.lost()
    world.compact(FIRST.hour, "run-1")
    assert (world.points(), world.lost()) == before
    world.bodies = {place: body for place, body in world.bodies.items() if not place[1].startswith("hot/")}
    assert (world.points(), world.lost()) == before == expected([FIRST, NEIGHBOUR, CORRECTION])
    later = replace(NEIGHBOUR, version=7, value=4.0, request="r9")
    world.late("0-8", later, FIRST)
    assert (world.points(), world.lost()) == expected([FIRST, NEIGHBOUR, CORRECTION, later])
    world.compact(FIRST.hour, "run-2")
    world.bodies = {place: body for place, body in world.bodies.items() if not place[1].startswith("late/")}
    assert (world.points(), world.lost()) == expected([FIRST, NEIGHBOUR, CORRECTION, later])


def test_names_and_values_as_they_were_written() -> None:
    """Names with dots, quotes and letters of any script, and values in upper case, are kept as they are."""
    world = Lake()
    odd = {"a.b": "X", 'quo"te': 'say "hi"', "it's": "O'Neil", "Ümlaut": "ÄÖÜ ß 日本", "series": "S"}
    world.hot("0-1", replace(FIRST, host="HOST-a", metric_name="cpu.Load 'x'"), **odd)
    answer = [["cpu.Load 'x'", "HOST-a", *odd.values()]]
    for table in (lake.POINTS, lake.POINTS, METRICS, AGGREGATES):
        dataset = AGGREGATES if table == AGGREGATES else lake.POINTS
        columns = ", ".join(f'"{column_name(dataset, name)}"'.replace('o"t', 'o""t') for name in NAMES)
        assert world.rows(f"SELECT metric_name, {columns} FROM {table}") == answer
        if table == lake.POINTS:
            world.compact(FIRST.hour, f"run-{len(world.bodies)}")
            world.bodies = {place: body for place, body in world.bodies.items() if "hot/" not in place[1]}
    assert world.rows("SELECT count(*) FROM points WHERE host = 'host-a'") == [["0"]]


def test_a_new_dimension() -> None:
    """A dimension is NULL in objects from before it, compacted ones too, once table and view have its column."""
    world = Lake()
    world.hot("0-1", FIRST)
    world.compact(FIRST.hour, "run")
    world.hot("0-2", replace(FIRST, time_ns=FIRST.time_ns + 3_600_000_000_000), zone="z1")
    dimensions = {**DIMENSIONS, "zone": "zone"}
    described = world.catalog["lake"]["metrics"]
    described["StorageDescriptor"]["Columns"].append({"Name": "zone", "Type": "string"})
    world.show(dimensions)
    assert world.rows("SELECT zone FROM points ORDER BY time_ns") == [[None], ["z1"]]


def test_time_is_to_the_millisecond_and_time_ns_exact() -> None:
    """`time` is cut to milliseconds, never into the next hour."""
    world = Lake()
    world.hot("0-1", replace(FIRST, time_ns=1_795_557_599_999_999_999))
    found = world.rows("SELECT time, time_ns, event_hour FROM points")
    assert found == [["2026-11-24 21:59:59.999", "1795557599999999999", "2026-11-24-21"]]


def test_an_hour_is_read_alone() -> None:
    """Both views read the objects of the hour that a query names, and all late ones."""
    world = Lake()
    for hours in range(10):
        world.hot("0-1", replace(FIRST, time_ns=FIRST.time_ns - hours * 3_600_000_000_000))
    world.compact(FIRST.hour, "run")
    world.late("0-1", FIRST)
    for view in (lake.POINTS, lake.SUPERSEDED):
        world.reads.clear()
        world.rows(f"SELECT * FROM {view} WHERE event_hour = '{FIRST.hour}'")
        assert all(
            FIRST.hour in key or "2026-11-24/21" in key or key.startswith("late/") for key in world.reads
        )


@pytest.mark.parametrize("seed", range(5))
def test_any_writes_in_any_order(seed: int) -> None:
    """Whatever is written, written again and compacted, each version is in one view, and the right one."""
    choose = random.Random(seed)
    world = Lake()
    written: list[Version] = []
    for batch in range(12):
        versions = [
            Version(
                series=choose.choice("ab") * 32,
                time_ns=FIRST.time_ns + choose.randrange(3) + 3_600_000_000_000 * choose.randrange(2),
                value=float(choose.randrange(100)),
                version=choose.randrange(1, 4),
                request=f"r{batch}",
                index=index,
            )
            for index in range(choose.randrange(1, 6))
        ]
        again = choose.sample(written, min(len(written), choose.randrange(4)))
        written += versions
        if choose.random() < 0.3:
            world.late(f"0-{batch}", *versions, *again)
        else:
            world.hot(f"0-{batch}", *versions, *again)
        if choose.random() < 0.3:
            hour = choose.choice(written).hour
            world.compact(hour, f"run-{batch}")
            for place in [place for place in world.bodies if place[1].startswith(f"hot/event_hour={hour}/")]:
                del world.bodies[place]
        if batch % 4 == 3:
            assert (world.points(), world.lost()) == expected(written)
