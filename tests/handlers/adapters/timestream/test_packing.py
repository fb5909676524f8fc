"""Which points travel together."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metering import write_units
from handlers.adapters.timestream.packing import pack
from handlers.adapters.timestream.request import request_body
from handlers.domain.point import Point
from tests.support.points import point

names = st.text("abc", min_size=1, max_size=3)
points = st.lists(
    st.builds(
        point,
        names,
        st.dictionaries(st.sampled_from(["host", "az", "zone"]), names).map(
            lambda found: tuple(sorted(found.items()))
        ),
        metric_type=st.sampled_from(["system", "application"]),
        time_ns=st.integers(0, 5),
        value=st.floats(allow_nan=False, allow_infinity=False),
        version=st.integers(1, 3),
    ),
    max_size=400,
    unique_by=lambda one: (one.series, one.time_ns),
)


def unpacked(body: bytes) -> list[tuple[Any, ...]]:
    """The points of a request as Timestream would see them."""
    request = orjson.loads(body)
    common = request["CommonAttributes"]
    found = []
    for record in request["Records"]:
        dimensions = [(pair["Name"], pair["Value"]) for pair in common.get("Dimensions", [])]
        own = [(pair["Name"], pair["Value"]) for pair in record.get("Dimensions", [])]
        assert not {name for name, _ in dimensions} & {name for name, _ in own}
        whole = common | record
        [value] = whole["MeasureValues"]
        row = dict(dimensions + own)
        found.append(
            (
                row.pop("metric_name"),
                row.pop("metric_type"),
                tuple(sorted(row.items())),
                int(whole["Time"]),
                float(value["Value"]),
                whole["Version"],
            )
        )
    return found


@given(points)
@settings(deadline=None, max_examples=60)
def test_every_point_is_in_exactly_one_call(some: list[Point]) -> None:
    """Calls are never empty nor over 100 records, and together they hold each point once."""
    calls = pack(some)
    assert sorted(index for call in calls for index in call) == list(range(len(some)))
    assert all(1 <= len(call) <= 100 for call in calls)


@given(points)
@settings(deadline=None, max_examples=60)
def test_common_attributes_and_record_make_the_point(some: list[Point]) -> None:
    """What a request says, shared parts put back, is each point as it was, and no row twice."""
    for call in pack(some):
        chosen = [some[index] for index in call]
        seen = unpacked(request_body({"DatabaseName": "d", "TableName": "t"}, chosen))
        assert seen == [(*one.series, one.time_ns, one.value, one.record.version) for one in chosen]
        assert len({row[:4] for row in seen}) == len(seen)


@given(points, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_arrival_does_not_matter(some: list[Point], chance: Any) -> None:
    """The same points give the same calls."""
    other = some.copy()
    chance.shuffle(other)
    assert [{some[index] for index in call} for call in pack(some)] == [
        {other[index] for index in call} for call in pack(other)
    ]


@given(points.filter(bool))
@settings(deadline=None, max_examples=60)
def test_packing_is_never_dearer_than_the_order_of_arrival(some: list[Point]) -> None:
    """Full calls in the order of arrival are the measure."""
    naive = sum(write_units(some[start : start + 100]) for start in range(0, len(some), 100))
    packed = pack(some)
    assert sum(write_units([some[index] for index in call]) for call in packed) <= naive + 1


def feed(hosts: int, metrics: int, **more: str) -> list[Point]:
    """Every host sends every metric at the same time, host by host."""
    return [
        point(
            f"system.resource.metric_{metric}",
            tuple(sorted({"host": f"web-{host}.example.internal", **more}.items())),
            time_ns=1_763_769_600_000_000_000,
            version=1 + host,
        )
        for host in range(hosts)
        for metric in range(metrics)
    ]


@pytest.mark.parametrize(
    ("hosts", "metrics", "units"), [(100, 10, 60), (1000, 1, 60), (1, 1000, 60), (40, 25, 60)]
)
def test_a_thousand_points_cost_few_write_units(hosts: int, metrics: int, units: int) -> None:
    """Feeds of a usual shape take a third of what they would one host at a time."""
    some = feed(hosts, metrics, region="eu-central-1", environment="production", service="checkout")
    total = sum(write_units([some[index] for index in call]) for call in pack(some))
    assert total <= units


def test_a_call_is_cut_where_a_shared_value_ends_if_that_is_cheaper() -> None:
    """One call for each metric shares its long name; a full call across two metrics would share neither."""
    some = [
        point("m" * 200 + str(metric), (("host", f"h{host}"),)) for host in range(60) for metric in range(3)
    ]
    assert [len({some[index].series.metric_name for index in call}) for call in pack(some)] == [1, 1, 1]


def test_nothing_needs_no_call() -> None:
    """No points, no calls."""
    assert pack([]) == []


def test_ties_and_long_runs_fill_calls() -> None:
    """A series with a thousand times takes ten full calls."""
    some = [point("a", time_ns=time) for time in range(1000)]
    calls = pack(some)
    assert [len(call) for call in calls] == [100] * 10
    assert all(a < b for call in calls for a, b in pairwise(call))
