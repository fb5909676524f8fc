"""collectd's value lists, as write_http of collectd 5.12 sends them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.collectd import read
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.points import LIMITS

ARRIVAL_MS = 1_795_693_552_000
TIME_NS = 1_795_693_551_060_000_000


def value_list(**changes: Any) -> dict[str, Any]:
    """A value list of the plugin load."""
    return {
        "values": [1.97314453125, 1.5, 1],
        "dstypes": ["gauge", "gauge", "gauge"],
        "dsnames": ["shortterm", "midterm", "longterm"],
        "time": 1795693551.060,
        "interval": 1.000,
        "host": "h-1",
        "plugin": "load",
        "plugin_instance": "",
        "type": "load",
        "type_instance": "",
        **changes,
    }


def one(value: Any, **changes: Any) -> dict[str, Any]:
    """A value list with one data source."""
    return value_list(values=[value], dsnames=["value"], dstypes=["gauge"], **changes)


def reading(body: Any) -> Reading:
    """The reading of a body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    record = StreamRecord("collectd", "-", "r", ARRIVAL_MS, 0, "", data)
    return read(record, PointValidator(LIMITS), DimensionMapping())


def rows(body: Any) -> list[tuple[str, dict[str, str], float, int]]:
    """Name, dimensions, value and time of each point; there is nothing else in the body."""
    found = reading(body)
    assert not found.refusals
    return [(p.series.metric_name, dict(p.series.dimensions), p.value, p.time_ns) for p in found.points]


def test_each_value_is_a_sample() -> None:
    """Named after plugin and data source; the type stands in the name if it is not the plugin's."""
    assert rows([value_list()]) == [
        ("load_shortterm", {"host": "h-1"}, 1.97314453125, TIME_NS),
        ("load_midterm", {"host": "h-1"}, 1.5, TIME_NS),
        ("load_longterm", {"host": "h-1"}, 1.0, TIME_NS),
    ]
    octets = value_list(values=[7, 2**64 - 1], dsnames=["rx", "tx"], plugin="interface", type="if_octets")
    assert [(name, value) for name, _, value, _ in rows([octets])] == [
        ("interface_if_octets_rx", 7.0),
        ("interface_if_octets_tx", float(2**64 - 1)),
    ]


def test_instances_are_dimensions_if_there_are_any() -> None:
    """The only data source of a type adds nothing to the name."""
    cpu = one(3, plugin="cpu", type="cpu", plugin_instance="0", type_instance="idle")
    assert rows([cpu]) == [
        ("cpu", {"host": "h-1", "plugin_instance": "0", "type_instance": "idle"}, 3.0, TIME_NS)
    ]


def test_statsds_metrics_keep_their_names() -> None:
    """The kind of metric is a dimension: a counter and a gauge may have one name."""
    body = [one(3, plugin="statsd", type=kind, type_instance="req.count") for kind in ("derive", "gauge")]
    assert [(name, dimensions["type"]) for name, dimensions, _, _ in rows(body)] == [
        ("req.count", "derive"),
        ("req.count", "gauge"),
    ]


def test_a_value_that_there_is_not_is_no_sample() -> None:
    """collectd writes null for a gauge without a value."""
    found = reading([value_list(values=[None, 2, None])])
    assert [point.value for point in found.points] == [2.0]
    assert dict(found.ignored) == {"collectd_no_value": 2}


def test_a_list_without_a_time_has_that_of_its_arrival() -> None:
    """Whatever made it: collectd gives each its time."""
    body = one(1)
    del body["time"]
    [(_, _, _, time_ns)] = rows([body])
    assert time_ns // 1_000_000 == ARRIVAL_MS


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("load", "data_point_invalid"),
        (None, "data_point_invalid"),
        ({"severity": "FAILURE", "message": "a notification"}, "data_point_invalid"),
        (value_list(values=1), "data_point_invalid"),
        (value_list(values=[1]), "data_point_invalid"),
        (value_list(dsnames=[1, 2, 3]), "data_point_invalid"),
        (value_list(time="now"), "data_point_invalid"),
        (value_list(time=True), "data_point_invalid"),
        (value_list(time=1e300), "data_point_invalid"),
        (value_list(host=7), "data_point_invalid"),
        (value_list(plugin=None), "data_point_invalid"),
        (one("1"), "value_type"),
        (one(True), "value_type"),
        (one([1]), "value_type"),
        (one(float("nan")), "value_not_finite"),
        (one(1, time=1.0), "timestamp_too_old"),
        (one(1, time=4e9), "timestamp_in_future"),
        (one(1, plugin="", type=""), "metric_name_length"),
        (one(1, host="a\nb"), "dimension_value_characters"),
    ],
)
def test_what_is_wrong_costs_itself_only(broken: Any, reason: str) -> None:
    """Its neighbours are points."""
    found = reading([one(1), broken, one(2)])
    assert [point.value for point in found.points] == [1.0, 2.0]
    assert [(index, violation.reason) for index, violation in found.refusals] == [(1, reason)]
    json.dumps(found.payload(1), default=str)


def test_what_was_read_before_lets_nothing_through() -> None:
    """A list is judged alike after one that is like it: absent is not null, and a text is no array of texts."""
    absent = one(1)
    del absent["host"]
    spelled = {**one(1), "dsnames": "v", "values": [1]}
    letter = {**one(1), "dsnames": ["v"]}
    found = reading([absent, {**absent, "host": None}, letter, spelled, absent])
    assert [point.request_index for point in found.points] == [0, 2, 4]
    assert [index for index, _ in found.refusals] == [1, 3]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"PUTVAL h/load/load N:1", b"[", b'{"metrics": []}'])
def test_a_body_of_something_else_is_refused_whole(body: bytes) -> None:
    """It is no array of value lists."""
    with pytest.raises(InvalidBody):
        reading(body)


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * 200_001 + b"1]", value_list(values=[1] * 200_001, dsnames=[""] * 200_001)],
    ids=["lists", "values"],
)
def test_a_body_of_next_to_nothing_is_refused_whole(body: Any) -> None:
    """A batch has an end: two hundred thousand samples, good or bad, are the most of a request."""
    with pytest.raises(InvalidBody, match="200,000"):
        reading(body if isinstance(body, bytes) else [body])


def test_a_body_without_lists_is_no_error() -> None:
    """There is nothing to account for."""
    assert reading([]).received == 0


ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(
        ANY
        | st.fixed_dictionaries(
            {"values": st.lists(ANY, max_size=2), "dsnames": st.lists(st.text() | ANY, max_size=2)},
            optional={name: st.text(max_size=4) | ANY for name in ("host", "plugin", "type", "time")},
        ),
        max_size=4,
    )
)
def test_whatever_is_in_it_is_read_or_refused(body: list[Any]) -> None:
    """Nothing raises, and indices are a row of numbers."""
    found = reading(body)
    indices = [point.request_index for point in found.points] + [index for index, _ in found.refusals]
    assert sorted(indices) == list(range(found.received))
    for index in indices:
        found.payload(index)
