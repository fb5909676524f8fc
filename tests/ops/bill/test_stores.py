"""The units of each kind of store."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.bill.bill import bill
from ops.bill.load import SECONDS, Load
from ops.bill.rules import lines_of
from ops.bill.stores import is_lake, writes
from tests.support.bill import deployed

BUSY = Load(points_per_second=100, groups=1000)
_A_MINUTE = Load(queries_per_day=24 * 60)


def cost(load: Load, component: str, what: str, name: str = "lake") -> float:
    """The sum of a component's lines whose text contains `what`."""
    return sum(
        line.monthly
        for line in lines_of(deployed(name), load)
        if line.component == component and what in line.what
    )


def test_a_lake_is_paid_nothing_for_being_there() -> None:
    """Its store adds no line to an idle month, and what stands is what stands with Timestream, or less."""
    assert is_lake(deployed("lake"))
    assert not is_lake(deployed("dev"))
    lake = bill(deployed("lake"), Load())
    assert not [line for line in lake.idle if line.component == "metric store"]
    assert lake.idle_monthly <= bill(deployed("dev"), Load()).idle_monthly


def test_no_lake_is_billed_for_timestream_nor_the_other_way() -> None:
    """Each kind has its own lines under any load."""
    load = Load(points_per_second=100, queries_per_day=100)
    lines = {name: {line.what for line in lines_of(deployed(name), load)} for name in ("lake", "dev")}
    assert not [what for what in lines["lake"] if "compute-unit" in what or "magnetic" in what]
    assert not [what for what in lines["dev"] if "queries read" in what or "compactions" in what]


@pytest.mark.parametrize(("per_second", "read_gb"), [(1, 0.01), (1000, 0.126)])
def test_an_athena_query_is_billed_what_it_reads_and_ten_megabytes_at_least(
    per_second: float, read_gb: float
) -> None:
    """One a minute about the last hour; without points ten megabytes as well."""
    asked = Load(points_per_second=per_second, queries_per_day=24 * 60)
    assert cost(asked, "metric store", "queries read") == pytest.approx(730 * 60 * read_gb * 0.005, rel=0.01)
    assert cost(_A_MINUTE, "metric store", "queries read") == pytest.approx(730 * 60 * 0.01 * 0.005)


def test_a_question_to_the_lake_is_cheaper_than_one_to_timestream() -> None:
    """With all that it takes: bytes, GETs, PUTs of the answer and requests to the catalog."""
    prices = {}
    for name in ("lake", "dev"):
        asked = bill(deployed(name), Load(points_per_second=10, queries_per_day=24))
        prices[name] = asked.monthly - bill(deployed(name), Load(points_per_second=10)).monthly
    assert prices["lake"] < prices["dev"] / 20


def test_each_batch_is_an_object_or_two() -> None:
    """The shorter the window, the more of them: five cents for ten thousand."""
    assert writes(deployed("lake"), 10_000, 5e6)["s3_put"] == pytest.approx(10_500)
    assert set(writes(deployed("dev"), 10_000, 5e6)) == {"timestream_write"}
    body = copy.deepcopy(deployed("lake"))
    mapping = body.regional["Resources"]["MetricWriterMapping"]["Properties"]
    month = {}
    for window_s in (10, 60):
        mapping["MaximumBatchingWindowInSeconds"] = window_s
        month[window_s] = sum(
            line.monthly for line in lines_of(body, BUSY) if line.component == "metric store"
        )
    assert month[10] > 3 * month[60]


def test_compacted_hours_are_kept_as_long_as_the_lifecycle_says() -> None:
    """Twice as long costs twice as much."""
    body = copy.deepcopy(deployed("lake"))
    rules = body.regional["Resources"]["ExportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    before = cost(BUSY, "exports", "GB-months")
    for rule in rules:
        if rule.get("Prefix") == "metrics/":
            rule["ExpirationInDays"] *= 2
    lines = lines_of(body, BUSY)
    [after] = [
        line.monthly for line in lines if line.component == "exports" and "GB-months of exports" in line.what
    ]
    assert after == pytest.approx(2 * before)


@given(st.floats(0.01, 10_000))
def test_the_store_of_a_lake_costs_less_than_timestream(points_per_second: float) -> None:
    """At any rate, with the compaction that goes with it."""
    load = Load(points_per_second=points_per_second)
    lake, timestream = (bill(deployed(name), load) for name in ("lake", "dev"))
    assert lake.monthly < timestream.monthly
    assert load.points == points_per_second * SECONDS
