"""Counters that restart and are late: the same growth, in whatever parts the points came."""

import json
import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.windows.statistics.counters import (
    Counters,
    add_counters,
    counters_column,
    series_name,
)
from handlers.domain.point import Point
from tests.support.points import point
from tests.support.prometheus_counters import (
    INCREASES,
    MINUTES,
    SAMPLES,
    extrapolation,
    growth,
    samples,
    within,
)
from tests.support.reference_evaluator import RawPoint, by_series
from tests.support.reference_evaluator import growth as growth_of

START = 1_763_769_600
UNITS = st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000])


def a_point(time_ns: int, value: float, host: str = "a") -> Point:
    """A point of a counter, so long after the window's start."""
    return point("requests", (("host", host),), time_ns=START * 10**9 + time_ns, value=value)


@st.composite
def points_of_counters(draw: st.DrawFn) -> list[Point]:
    """Points of two series at any times of a minute, most of them growing."""
    unit_ns = draw(UNITS)
    places = st.integers(0, min(59_999_999_999 // unit_ns, 10**6))
    values = st.integers(0, 20) | st.floats(-1e9, 1e9) | st.sampled_from([0.1, 1e308, 5e-324, 2.0**60])
    found = draw(
        st.lists(st.tuples(places, values, st.sampled_from("ab")), max_size=9, unique_by=lambda one: one[::2])
    )
    return [a_point(place * unit_ns, float(value), host) for place, value, host in found]


def raw(points: list[Point]) -> list[RawPoint]:
    """The points as the reference has them; times in nanoseconds, as it only sorts by them."""
    return [
        RawPoint(0, one.time_ns, one.value, "requests", one.series.metric_type, dict(one.series.dimensions))
        for one in points
    ]


@given(points_of_counters(), points_of_counters(), st.randoms(use_true_random=False))
def test_any_split_gives_the_growth_of_all_in_the_order_of_their_times(
    points: list[Point], earlier: list[Point], chance: random.Random
) -> None:
    """Each series from its last point before, restarts and all, whatever the shards and batches, written and read."""
    earlier = [one._replace(time_ns=one.time_ns - 60 * 10**9) for one in earlier]
    before = Counters.of(earlier)
    grown = [growth_of(found, raw(earlier)) for found in by_series(raw(points)).values()]
    known = [one for one in grown if one is not None]
    shuffled, merged, added = list(points), Counters(), Counters()
    chance.shuffle(shuffled)
    while shuffled:
        part = Counters.of([shuffled.pop() for _ in range(min(len(shuffled), chance.randint(1, 5)))])
        merged = merged.merge(part)
        column = json.loads(json.dumps(counters_column([Counters(), part], START)))
        add_counters(added, column, 1, START)
    assert merged == added == Counters.of(points)
    for counters in (merged, added):
        assert counters.increase(before) == (sum(known) if known else None)


def test_a_fall_is_a_restart_from_zero() -> None:
    """What it is at after the fall is growth; what it grew to after the last point before it is known to nobody."""
    counters = Counters.of([a_point(0, 100), a_point(10, 120), a_point(20, 3), a_point(30, 10)])
    assert counters.increase(None) == 30


def test_one_point_alone_says_nothing_and_goes_on_from_the_period_before() -> None:
    """The first point of a new series is no growth: what it was before is not known."""
    counters = Counters.of([a_point(0, 100)])
    assert counters.increase(None) is None
    assert counters.increase(Counters.of([a_point(-5, 90, "another")])) is None
    assert counters.increase(Counters.of([a_point(-9, 70), a_point(-5, 90)])) == 10


def test_the_growth_is_that_of_the_decimals_as_written() -> None:
    """0.1 to 0.3 is 0.2."""
    assert Counters.of([a_point(0, 0.1), a_point(1, 0.3)]).increase(None) == Fraction(1, 5)


def test_a_point_that_comes_twice_counts_once() -> None:
    """So a client's resend changes nothing, and of two values at one time the lower one comes first."""
    points = [a_point(0, 1), a_point(10, 4), a_point(10, 4), a_point(10, 2)]
    assert Counters.of(points).increase(None) == 3


@pytest.mark.parametrize("name", SAMPLES)
def test_prometheus_says_the_same_but_for_the_ends_of_a_range(name: str) -> None:
    """Prometheus takes the samples within a range and extrapolates to its ends; a rule goes on from the period before.

    Where a sample lies on both ends that is the same; where not, it is by that alone that they differ.
    """
    for minute in range(1, MINUTES + 1):
        end_s = minute * 60
        # A period begins with its first second and ends before its last, a range of Prometheus the other way round.
        inside, before = (
            Counters.of(a_point((one.time_s - 1) * 10**9, one.value) for one in found)
            for found in (
                [one for one in samples(name) if end_s - 60 < one.time_s <= end_s],
                [one for one in samples(name) if end_s - 120 < one.time_s <= end_s - 60],
            )
        )
        ours, theirs, found = inside.increase(before), INCREASES[name][minute - 1], within(name, end_s)
        if len(found) < 2:
            assert theirs is None
            continue
        assert theirs == pytest.approx(growth(found) * extrapolation(found, end_s), abs=0.0006)
        # What lies between the last sample of the period before and the first of the range, Prometheus leaves out.
        last = [one for one in samples(name) if end_s - 120 < one.time_s <= end_s - 60][-1:]
        edge = growth([*last, found[0]])
        assert ours is not None
        assert float(ours) == pytest.approx(growth(found) + edge)
        if found[0].time_s == end_s - 60 and found[-1].time_s == end_s:
            assert float(ours) == theirs


def test_what_prometheus_cannot_see_is_counted() -> None:
    """One sample a minute: its range has no second one, and the period goes on from the one before."""
    counters = [
        Counters.of([a_point(one.time_s * 10**9, one.value)]) for one in samples("rare") if one.time_s
    ]
    assert [after.increase(before) for before, after in pairwise(counters)] == [6] * (MINUTES - 1)
    assert INCREASES["rare"][1:] == [None] * (MINUTES - 1)


def test_series_have_names_of_their_own_in_their_group() -> None:
    """By type and the dimensions that tell them apart, and not by the order in which a process met them."""
    series = a_point(0, 1).series
    others = [a_point(0, 1, "b").series, series._replace(metric_type="business")]
    assert len({series_name(one, ()) for one in (series, *others)}) == 3
    assert {len(series_name(one, ())) for one in (series, *others)} == {8}
    assert [series_name(one, ("host", "zone")) for one in (series, others[1])] == ["s", "b"]
    inside = Counters.of([a_point(0, 1), a_point(1, 5)], ("host",))
    assert inside.increase(Counters.of([a_point(-5, 0)], ("host",))) == 5
