"""Points as they travel, and those that cannot."""

import json
import math
from collections import UserDict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.timestamp import read_timestamp
from ops.points.rules import Fault, PointRules
from templates.components.ingest_api.formats.metrics import RFC_3339 as API_PATTERN
from tests.support.points import LIMITS
from tidegauge_client.point import RFC_3339, Encoder, InvalidPointError, Stamps

NOW_NS = 1_800_000_000_123_456_789


class Hostile:
    """Raises whatever it is asked."""

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __eq__(self, _: object) -> bool:
        raise RuntimeError("no equality")

    def __float__(self) -> float:
        raise RuntimeError("no number")


def encode(*arguments: Any, **options: Any) -> dict[str, Any]:
    """The point that is made of the arguments."""
    point: dict[str, Any] = json.loads(
        Encoder({}, "application", lambda: NOW_NS).encode(*arguments, **options)
    )
    return point


def cause(*arguments: Any, **options: Any) -> str:
    """The cause for which the arguments make no point."""
    with pytest.raises(InvalidPointError) as refused:
        Encoder({}, "application", lambda: NOW_NS).encode(*arguments, **options)
    return refused.value.cause


def test_a_point_has_what_it_was_given() -> None:
    """Name, value, type, dimensions and time."""
    point = encode("latency", 0.213, {"route": "/pay"}, 1_763_769_600_000, "business")
    assert point == {
        "metric_name": "latency",
        "value": 0.213,
        "metric_type": "business",
        "dimensions": {"route": "/pay"},
        "timestamp": 1_763_769_600_000,
    }


def test_shared_dimensions_are_under_those_of_the_point() -> None:
    """The point's own win, and None or an empty text takes one away."""
    encoder = Encoder({"host": "a", "zone": "1", "empty": ""}, "system")
    point = json.loads(encoder.encode("m", 1, {"zone": "2", "host": None}))
    assert (point["dimensions"], point["metric_type"]) == ({"zone": "2"}, "system")
    assert "dimensions" not in json.loads(encoder.encode("m", 1, {"zone": "", "host": ""}))


@pytest.mark.parametrize(
    ("value", "text"),
    [("ä", "ä"), (1, "1"), (True, "true"), (False, "false"), (0.1, "0.1"), (-(2**70), str(-(2**70)))],
)
def test_dimensions_become_text(value: object, text: str) -> None:
    """Numbers and booleans as they are written everywhere; 1 and True differ, though they are equal."""
    encoder = Encoder({}, "application")
    for same in (1, True, 1.0):
        encoder.encode("m", 1, {"a": same})
    assert json.loads(encoder.encode("m", 1, {"a": value}))["dimensions"] == {"a": text}


@pytest.mark.parametrize(
    "value",
    [
        1,
        0.1,
        -0.0,
        5e-324,
        1.7976931348623157e308,
        2**53 + 1,
        Decimal("1.5"),
        Fraction(1, 3),
        np.float32(0.1),
        np.int64(7),
    ],
)
def test_a_value_is_the_nearest_double(value: Any) -> None:
    """Whatever kind of number it is."""
    sent = encode("m", value)["value"]
    assert math.copysign(1, sent) == math.copysign(1, float(value))
    assert sent == float(value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("m", math.nan), "value_not_finite"),
        (("m", -math.inf), "value_not_finite"),
        (("m", Decimal("NaN")), "value_not_finite"),
        (("m", 10**400), "value_not_finite"),
        (("m", "1"), "value_type"),
        (("m", b"1"), "value_type"),
        (("m", None), "value_type"),
        (("m", True), "value_type"),
        (("m", 1j), "value_type"),
        (("m", [1]), "value_type"),
        (("m", np.array([1.0, 2.0])), "value_type"),
        (("m", Hostile()), "value_type"),
        (("", 1), "metric_name_length"),
        ((b"m", 1), "metric_name_type"),
        ((None, 1), "metric_name_type"),
        (([], 1), "metric_name_type"),
        (("\ud800", 1), "text_not_unicode"),
        (("m" * 20_000, 1), "point_too_large"),
        (("ä" * 10_000, 1), "point_too_large"),
        (("m", 1, {"a": "x" * 10**7}), "point_too_large"),
        (("m", 1, {str(number): "x" for number in range(10_000)}), "dimensions_too_many"),
        (("m", 1, [("a", "b")]), "dimensions_type"),
        (("m", 1, "a=b"), "dimensions_type"),
        (("m", 1, {1: "x"}), "dimension_name_type"),
        (("m", 1, {"a": []}), "dimension_value_type"),
        (("m", 1, {"a": b"x"}), "dimension_value_type"),
        (("m", 1, {"a": "\udcff"}), "text_not_unicode"),
        (("m", 1, {}, 1.5), "timestamp_type"),
        (("m", 1, {}, True), "timestamp_type"),
        (("m", 1, {}, -1), "timestamp_type"),
        (("m", 1, {}, 2**63), "timestamp_type"),
        (("m", 1, {}, "yesterday"), "timestamp_format"),
        (("m", 1, {}, "2026-11-22T08:00:00Z\n"), "timestamp_format"),
        (("m", 1, {}, "1763769600000"), "timestamp_format"),
        (("m", 1, {}, datetime(2026, 11, 22)), "timestamp_format"),  # noqa: DTZ001 - without its zone
        (("m", 1, {}, None, "applications"), "metric_type_unknown"),
        (("m", 1, {}, None, ["system"]), "metric_type_unknown"),
    ],
)  # fmt: skip
def test_what_no_request_may_hold_has_its_cause(arguments: tuple[Any, ...], expected: str) -> None:
    """So that it costs itself only, and no neighbour."""
    assert cause(*arguments) == expected


@pytest.mark.parametrize(
    "timestamp",
    [
        1_763_769_600_000,
        "2025-11-22T00:00:00Z",
        datetime(2025, 11, 22, tzinfo=UTC),
        datetime(2025, 11, 22, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_times_may_be_given_in_three_ways(timestamp: object) -> None:
    """Milliseconds, RFC 3339, or a datetime with its zone: the pipeline reads the same moment."""
    assert read_timestamp(encode("m", 1, {}, timestamp)["timestamp"]) == 1_763_769_600 * 10**9


def test_two_records_in_one_millisecond_are_two_points() -> None:
    """Their times differ below it, and it is the clock's."""
    encoder = Encoder({}, "application", lambda: NOW_NS)
    times = [json.loads(encoder.encode("m", 1))["timestamp"] for _ in range(10_000)]
    assert len(set(times)) == 10_000
    assert {read_timestamp(time) // 10**6 for time in times} == {NOW_NS // 10**6}  # type: ignore[operator]


def test_two_processes_stamp_apart() -> None:
    """Their numbers begin at places of their own, as a fork's child would otherwise repeat its parent's."""
    assert len({Stamps(lambda: NOW_NS).next() for _ in range(20)}) > 15


def test_a_mapping_of_any_kind_will_do() -> None:
    """It is read at once: what the caller makes of it later changes nothing."""
    own = UserDict({"a": "1"})
    encoder = Encoder(own, "application")
    own["a"] = "2"
    assert json.loads(encoder.encode("m", 1, UserDict({"b": "2"})))["dimensions"] == {"a": "1", "b": "2"}


def test_series_are_remembered_in_bounds() -> None:
    """A hundred thousand series take no more memory than the last few thousand."""
    encoder = Encoder({}, "application")
    for number in range(20_000):
        encoder.encode("m", 1, {"id": str(number)})
    assert len(encoder._beginnings) <= 4_096


def test_the_api_takes_the_same_times() -> None:
    """The pattern is that of the API's model."""
    assert f"^{RFC_3339.pattern}$" == API_PATTERN


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@given(
    name=st.text(st.characters()) | ANYTHING,
    value=st.floats() | st.integers() | ANYTHING,
    dimensions=st.dictionaries(st.text(max_size=5), st.text(st.characters()) | ANYTHING, max_size=4)
    | ANYTHING,
    timestamp=st.none() | st.integers(0, 2**63 - 1) | st.from_regex(RFC_3339) | ANYTHING,
    metric_type=st.none() | st.sampled_from(["system", "business"]) | ANYTHING,
)
def test_what_is_let_out_is_never_a_400(
    name: Any, value: Any, dimensions: Any, timestamp: Any, metric_type: Any
) -> None:
    """Every point that is made fits the API's model; every other one has a cause."""
    try:
        text = Encoder({}, "application").encode(name, value, dimensions, timestamp, metric_type)
    except InvalidPointError:
        return
    verdict = PointRules(LIMITS, arrival_ms=NOW_NS // 10**6).point(json.loads(text))
    assert not (isinstance(verdict, Fault) and verdict.refused), text
