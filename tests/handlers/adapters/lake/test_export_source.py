"""The lake as exports read it, without any SQL being run."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest

from handlers.adapters.lake.athena import AthenaQueries
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.adapters.lake.export_source import LakeExportSource
from handlers.domain.deadline import Deadline
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload
from handlers.domain.exports.ports import UnloadFailed
from handlers.vocabulary import LAKE
from tests.support.export_ports import HOUR, NOW_S
from tests.support.fake_athena import FakeAthena

AMPLE = Deadline(10_000, lambda: 0)
LAYOUT = Layout(("host",), written=True, kind=LAKE)
JOB = ExportJob(Claim(Attempt(HOUR, 1, NOW_S), "a"), LAYOUT, PointCount(1))
REQUEST = JOB.request("metrics")


class Shown:
    """A catalog that remembers what it was asked to show."""

    def __init__(self) -> None:
        self.dimensions: tuple[str, ...] = ()

    def show_dimensions(self, admitted: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """What is admitted, in order."""
        self.dimensions = tuple(sorted(admitted()))
        return self.dimensions


def source_of(athena: Any, catalog: Shown | None = None) -> LakeExportSource:
    """The lake, with two dimensions admitted."""
    queries = AthenaQueries(athena, "d", "w", sleep=lambda _: None)
    return LakeExportSource(
        queries, cast("LakeCatalog", catalog or Shown()), lambda: {"zone", "host"}, "exports"
    )


def test_the_view_has_a_dimension_before_sql_names_it() -> None:
    """The writer that admitted it may have died before it showed it."""
    catalog = Shown()
    layout = source_of(FakeAthena(), catalog).layout(AMPLE)
    assert layout == Layout(("host", "zone"), written=True, kind=LAKE)
    assert catalog.dimensions == ("host", "zone")


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        (["0", None, None, "0"], PointCount(0, superseded=0)),
        (
            ["2", "1795312800000000001", "1795316399999999999", "3"],
            PointCount(2, "2026-11-22 02:00:00.000000001", "2026-11-22 02:59:59.999999999", 3),
        ),
    ],
    ids=["none", "some"],
)
def test_an_hour_is_counted(row: list[str | None], counted: PointCount) -> None:
    """Times are told to the nanosecond, as Timestream tells them."""
    assert source_of(FakeAthena("RUNNING", rows=[row])).count_points(HOUR, AMPLE) == counted


def test_an_unload_is_done_when_its_manifest_is_known() -> None:
    """Until then its query's id is all there is; one that ends in seconds is done at once."""
    athena = FakeAthena(*["RUNNING"] * 20, manifest="s3://exports/athena/query-1-manifest.csv")
    source = source_of(athena)
    started = source.start_unload(REQUEST)
    assert source.start_unload(REQUEST) == started == Unload("query-1")
    assert len(athena.started) == 1
    assert source.poll_unload(REQUEST, started) == Unload(manifest="s3://exports/athena/query-1-manifest.csv")
    assert source_of(FakeAthena("QUEUED")).start_unload(REQUEST).is_done


def test_an_unload_without_a_manifest_has_written_nothing() -> None:
    """Which its listing has to agree with."""
    source = source_of(FakeAthena())
    done = source.start_unload(REQUEST)
    assert done == Unload(rows=0)
    assert done.is_done


def test_an_unload_that_nobody_waits_for_is_stopped() -> None:
    """As is one whose query failed, which changes nothing."""
    athena = FakeAthena(*["RUNNING"] * 9, "FAILED")
    source = source_of(athena)
    started = source.start_unload(REQUEST)
    with pytest.raises(UnloadFailed):
        source.poll_unload(REQUEST, started)
    source.stop_unload(started)
    assert athena.stopped == ["query-1"]
