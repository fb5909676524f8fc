"""Which points travel together."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metering import write_units
from handlers.adapters.timestream import packing, schemes
from handlers.adapters.timestream.packing import Packer, pack
from handlers.adapters.timestream.prepared import Preparer
from handlers.adapters.timestream.request import request_body
from handlers.adapters.timestream.schemes import Scheme
from handlers.adapters.timestream.sheet import Plan, Sheet
from handlers.domain.point import Point
from tests.support.points import point
from tests.support.slow_packing import best_cuts, in_order, sorted_every_way

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


# Names and values so long that few points make a unit, and few enough for slow means.
wide_points = st.lists(
    st.builds(
        point,
        st.sampled_from(["m" * 200, "n" * 30]),
        st.fixed_dictionaries({"host": st.sampled_from(["h" * 180, "i" * 150, "é" * 90])}).map(
            lambda found: tuple(found.items())
        )
        | st.just((("host", "h"), ("zone", "z" * 300))),
        time_ns=st.integers(0, 3),
    ),
    max_size=14,
    unique_by=lambda one: (one.series, one.time_ns),
)
wrong = [point(f"m{number % 7}", (("host", f"h{number % 3}"),), time_ns=number) for number in range(14)]


def spent(some: list[Point], calls: list[list[int]]) -> tuple[int, int]:
    """The units and the number of the calls."""
    return sum(write_units([some[index] for index in call]) for call in calls), len(calls)


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


@given(points | wide_points)
@settings(deadline=None, max_examples=60)
def test_packing_is_never_dearer_than_the_order_of_arrival(some: list[Point]) -> None:
    """Full calls in the order of arrival are the measure, also of a scheme that was found for other points."""
    assert spent(some, pack(some)) <= in_order(some)
    hasty = Packer(at_first=0, in_a_batch=0)
    for other in (wrong, some):
        calls = hasty.pack(other, Preparer().prepare([one.series for one in other]))
    assert spent(some, calls) <= in_order(some)


@given(wide_points)
@settings(deadline=None, max_examples=25)
def test_packing_is_never_dearer_than_any_order_of_the_columns(some: list[Point]) -> None:
    """Neither in units, nor in calls for as many units, whichever way the points are sorted and wherever cut."""
    assert spent(some, pack(some)) <= min(map(best_cuts, sorted_every_way(some)), default=(0, 0))


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


def test_long_runs_fill_units() -> None:
    """Of a series with many times 95 points fill two units; a hundred would take three."""
    some = [point("a", time_ns=time) for time in range(950)]
    calls = pack(some)
    assert [len(call) for call in calls] == [95] * 10
    assert spent(some, calls) == (20, 10)
    assert all(a < b for call in calls for a, b in pairwise(call))


def fleet(count: int) -> list[Point]:
    """Fifty hosts in two regions with forty metrics each, half of them with a device, every ten seconds."""
    found = []
    for number in range(count):
        tick, series = divmod(number, 2000)
        host, metric = divmod(series, 40)
        device = {"device": f"dev-{metric % 5}"} if metric % 2 else {}
        where = {
            "host": f"ip-10-20-{host // 8}-{host}.internal",
            "region": ("eu-west-1", "us-east-1")[host // 25],
        }
        dimensions = {**device, "environment": "production", **where}
        found.append(
            point(
                f"cpu.core.metric_{metric:02}.rate",
                tuple(sorted(dimensions.items())),
                metric_type=("system", "application", "business", "application")[metric % 4],
                time_ns=tick * 10_000 + host % 10 * 1000,
            )
        )
    return found


@pytest.mark.parametrize(("count", "units", "calls"), [(1000, 58, 46), (2000, 120, 80)])
def test_a_fleet_takes_few_units(count: int, units: int, calls: int) -> None:
    """Some hosts have calls of their own, so that the others' values of a metric fill a unit."""
    some = fleet(count)
    assert spent(some, pack(some)) <= (units, calls)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Scheme]:
    """The schemes that packers try, as they do."""
    found: list[Scheme] = []

    def plan(sheet: Sheet, scheme: Scheme, most_units: float = float("inf")) -> Plan:
        found.append(scheme)
        return schemes.plan(sheet, scheme, most_units)

    monkeypatch.setattr(packing, "plan", plan)
    return found


def test_a_kind_of_batch_is_searched_once(tried: list[Scheme]) -> None:
    """A batch like one before takes the scheme that was the best for that, and no other is tried."""
    packer, preparer = Packer(in_a_batch=float("inf")), Preparer()
    counts, found = [], []
    for later in (0, 7, 7):
        some = [one._replace(time_ns=one.time_ns + later) for one in fleet(600)]
        found.append(spent(some, packer.pack(some, preparer.prepare([one.series for one in some]))))
        counts.append(len(tried))
    assert counts[0] > 10
    assert [counts[1] - counts[0], counts[2] - counts[1]] == [1, 1]
    assert found[0] == found[1] == found[2]


def test_batches_that_are_all_of_their_own_kind_are_not_all_searched(tried: list[Scheme]) -> None:
    """What is spent on trying schemes is bounded by what is packed."""
    packer, preparer = Packer(at_first=2000), Preparer()
    for count in range(150, 250):
        some = fleet(count)
        packer.pack(some, preparer.prepare([one.series for one in some]))
    assert 100 < len(tried) < 100 + 2000 / 150 + 100 / 4 + 10


def test_columns_that_are_new_are_not_packed_by_what_was_best_for_others() -> None:
    """However much was spent on trying before, a few schemes are tried on them."""
    packer, preparer = Packer(at_first=0, in_a_batch=0), Preparer()
    others = [
        point(
            f"m{number % 3}", (("app", "x" * 9 * (number % 40)), ("zone", "z" * 150 + str(number * 7 % 10)))
        )
        for number in range(400)
    ]
    others = [one._replace(time_ns=number) for number, one in enumerate(others)]
    for some in (fleet(600), others):
        calls = packer.pack(some, preparer.prepare([one.series for one in some]))
    assert spent(others, calls)[0] <= 1.2 * spent(others, pack(others))[0]
