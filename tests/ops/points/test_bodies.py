"""Bodies made of points."""

import json

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.timestamp import read_timestamp
from ops.points.bodies import bodies, stamped


@given(sizes=st.lists(st.integers(0, 1500), max_size=1500))
def test_every_point_is_in_one_body_and_none_is_too_large(sizes: list[int]) -> None:
    """In their order, in as few as the limits allow."""
    found = list(bodies(sizes, lambda size: {"metric_name": "m" * size}))
    assert [size for _, some in found for size in some] == sizes
    assert [
        len(metric["metric_name"]) for body, _ in found for metric in json.loads(body)["metrics"]
    ] == sizes
    assert all(len(body) < 2**20 and 0 < len(some) <= 500 for body, some in found)


@given(time_s=st.floats(0, 4e9), number=st.integers(0, 10**12))
def test_a_metric_gets_a_time_to_the_nanosecond(time_s: float, number: int) -> None:
    """The millisecond's, and the number within it."""
    time_ns = read_timestamp(stamped({"metric_name": "m"}, time_s, number)["timestamp"])
    assert isinstance(time_ns, int)
    assert time_ns % 1_000_000 == number % 1_000_000
    assert abs(time_ns / 1e9 - time_s) < 0.0011


def test_a_metric_keeps_its_own_time() -> None:
    """Whatever it is."""
    assert stamped({"timestamp": 5}, 1.0, 1) == {"timestamp": 5}
