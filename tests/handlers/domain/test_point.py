"""The rules for one metric."""

from typing import Any

import pytest

from handlers.domain.ingest.body import NotFinite
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Rules
from handlers.domain.violation import Violation
from tests.support.events import ARRIVAL_MS, metric, records

[RECORD, OTHER] = records({}, {})
DAY_MS = 86_400_000


def judge(raw: object, index: int = 0) -> Point | Violation:
    """The metric, judged by a table that keeps 30 days."""
    return Rules(30).judge(raw, index, RECORD)


def point(raw: object, index: int = 0) -> Point:
    """The metric, which is good."""
    judged = judge(raw, index)
    assert isinstance(judged, Point), judged
    return judged


def test_a_full_metric_becomes_a_point() -> None:
    """Every field is taken as written; dimensions come in the order of their names."""
    raw = metric("a b/ü", 7, metric_type="system", timestamp=ARRIVAL_MS, dimensions={"host": "a", "az": "1"})
    assert point(raw) == Point(
        "a b/ü", "system", (("az", "1"), ("host", "a")), ARRIVAL_MS * 1_000_000, 7.0, RECORD.version
    )


def test_only_name_and_value_are_required() -> None:
    """The type is application, and there are no dimensions."""
    assert point(metric())[:3] == ("cpu.load", "application", ())


@pytest.mark.parametrize(
    ("raw", "reason", "field"),
    [
        (None, "metric_not_object", "metric"),
        ([], "metric_not_object", "metric"),
        ({}, "metric_name_missing", "metric_name"),
        ({"metric_name": "a"}, "value_missing", "value"),
        (metric(timestmap=1), "field_unknown", "timestmap"),
        (metric(None), "metric_name_type", "metric_name"),
        (metric(NotFinite("1e999")), "metric_name_type", "metric_name"),
        (metric(""), "metric_name_length", "metric_name"),
        (metric("ü" * 129), "metric_name_length", "metric_name"),
        (metric("a\nb"), "metric_name_characters", "metric_name"),
        (metric("a\x1b[2J"), "metric_name_characters", "metric_name"),
        (metric("a\u2028"), "metric_name_characters", "metric_name"),
        (metric("a\ud800"), "metric_name_characters", "metric_name"),
        (metric(value=None), "value_type", "value"),
        (metric(value="1"), "value_type", "value"),
        (metric(value=True), "value_type", "value"),
        (metric(value=NotFinite("1e999")), "value_not_finite", "value"),
        (metric(value=float("inf")), "value_not_finite", "value"),
        (metric(metric_type="other"), "metric_type_unknown", "metric_type"),
        (metric(metric_type=None), "metric_type_unknown", "metric_type"),
        (metric(metric_type=[]), "metric_type_unknown", "metric_type"),
        (metric(timestamp=None), "timestamp_type", "timestamp"),
        (metric(timestamp="soon"), "timestamp_format", "timestamp"),
        (metric(timestamp=ARRIVAL_MS + 15 * 60_000 + 1), "timestamp_in_future", "timestamp"),
        (metric(timestamp=10**30), "timestamp_in_future", "timestamp"),
        (metric(timestamp=ARRIVAL_MS - 30 * DAY_MS - 1), "timestamp_too_old", "timestamp"),
        (metric(timestamp=-(10**30)), "timestamp_too_old", "timestamp"),
        (metric(dimensions=None), "dimensions_type", "dimensions"),
        (metric(dimensions=[]), "dimensions_type", "dimensions"),
        (metric(dimensions={f"d{n}": "x" for n in range(121)}), "dimensions_too_many", "dimensions"),
        (metric(dimensions={"": "x"}), "dimension_name_length", "dimensions."),
        (metric(dimensions={"d" * 61: "x"}), "dimension_name_length", "dimensions." + "d" * 60 + "…"),
        (metric(dimensions={"a b": "x"}), "dimension_name_characters", "dimensions.a b"),
        (metric(dimensions={"1a": "x"}), "dimension_name_characters", "dimensions.1a"),
        (metric(dimensions={"ü": "x"}), "dimension_name_characters", "dimensions.ü"),
        (metric(dimensions={"a:b": "x"}), "dimension_name_characters", "dimensions.a:b"),
        (metric(dimensions={'a"; DROP': "x"}), "dimension_name_characters", 'dimensions.a"; DROP'),
        (metric(dimensions={"host": 1}), "dimension_value_type", "dimensions.host"),
        (metric(dimensions={"host": None}), "dimension_value_type", "dimensions.host"),
        (metric(dimensions={"host": ["a"]}), "dimension_value_type", "dimensions.host"),
        (metric(dimensions={"host": ""}), "dimension_value_empty", "dimensions.host"),
        (metric(dimensions={"host": "a\x00"}), "dimension_value_characters", "dimensions.host"),
        (metric(dimensions={"host": "a\udfff"}), "dimension_value_characters", "dimensions.host"),
        (metric(dimensions={"host": "ü" * 1000}), "point_too_large", "dimensions"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(raw: object, reason: str, field: str) -> None:
    """Each violation has a stable reason, the field, and a sentence."""
    violation = judge(raw)
    assert isinstance(violation, Violation), violation
    assert (violation.reason, violation.field) == (reason, field)
    assert violation.message


@pytest.mark.parametrize(
    "name", ["value", "TIME", "metric_name", "Metric_Type", "export_date", "measure_x", "TS_x"]
)
def test_reserved_names_are_refused_in_any_case(name: str) -> None:
    """They are, or will be, columns of ours."""
    violation = judge(metric(dimensions={name: "x"}))
    assert isinstance(violation, Violation)
    assert violation.reason == "dimension_name_reserved"


@pytest.mark.parametrize("name", ["valued", "times", "exports", "tsx", "_", "a.b-c_9", "d" * 60, "Group"])
def test_names_near_the_rules_are_taken(name: str) -> None:
    """What is not reserved, too long or of other characters is for the client to choose."""
    assert point(metric(dimensions={name: "x"})).dimensions == ((name, "x"),)


@pytest.mark.parametrize("timestamp", [ARRIVAL_MS + 15 * 60_000, ARRIVAL_MS - 30 * DAY_MS])
def test_the_limits_of_time_are_inside(timestamp: int) -> None:
    """Fifteen minutes ahead and the whole retention back are taken, by the time of arrival."""
    assert point(metric(timestamp=timestamp)).time_ns == timestamp * 1_000_000


def test_times_before_the_epoch_are_too_old_whatever_the_table_keeps() -> None:
    """A table may keep two hundred years, but its times start in 1970."""
    violation = Rules(73_000).judge(metric(timestamp=-1), 0, RECORD)
    assert isinstance(violation, Violation)
    assert violation.reason == "timestamp_too_old"


def test_a_point_of_exactly_the_limit_is_taken() -> None:
    """Two kilobytes of names, values and numbers fit, and one byte more does not."""
    base = 16 + len("metricvaluemetric_namemetric_typecpu.loadapplication") + len("host")
    assert point(metric(dimensions={"host": "x" * (2048 - base)}))
    assert isinstance(judge(metric(dimensions={"host": "x" * (2049 - base)})), Violation)


def test_points_without_timestamp_lie_beside_each_other() -> None:
    """Inside the millisecond of arrival, each at a place of its own, the same at every retry."""
    times = [point(metric(), index).time_ns for index in range(2000)]
    assert len(set(times)) == 2000
    assert {time // 1_000_000 for time in times} == {ARRIVAL_MS}
    assert times == [point(metric(), index).time_ns for index in range(2000)]


def test_requests_of_one_millisecond_start_at_different_places() -> None:
    """Points without timestamp of two requests do not overwrite each other."""
    mine = {_offset(index, RECORD) for index in range(100)}
    theirs = {_offset(index, OTHER) for index in range(100)}
    assert not mine & theirs


def _offset(index: int, record: StreamRecord) -> int:
    judged = Rules(30).judge(metric(), index, record)
    assert isinstance(judged, Point)
    return judged.time_ns


def test_dimensions_seen_before_are_judged_alike() -> None:
    """Remembering what a client repeats changes no verdict, nor mixes up values that compare equal."""
    rules = Rules(30)
    raws: list[dict[str, Any]] = [{"host": "a"}, {"host": 1}, {"host": True}, {"host": 1.0}, {"host": ["a"]}]
    for _ in range(2):
        verdicts = [rules.judge(metric(dimensions=raw), 0, RECORD) for raw in raws]
        assert [isinstance(verdict, Point) for verdict in verdicts] == [True, False, False, False, False]
