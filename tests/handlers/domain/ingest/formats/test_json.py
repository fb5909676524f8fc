"""Our own JSON: bodies, and the rules for each of their metrics."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import parse, read, read_metric
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.validator import NotFinite, PointValidator
from handlers.domain.point import Point, Series
from handlers.domain.violation import Violation
from tests.support.events import ARRIVAL_MS, batch, metric, records
from tests.support.points import LIMITS


def test_a_body_is_one_metric_or_several() -> None:
    """Both forms give a list of metrics as they were written."""
    assert parse(b'{"metric_name":"a"}') == [{"metric_name": "a"}]
    assert parse(b'{"metrics":[{"metric_name":"a"},7]}') == [{"metric_name": "a"}, 7]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body_not_json"),
        (b"{", "body_not_json"),
        (b"\xff\xfe{}", "body_not_json"),
        ('{"metric_name":"a"}'.encode("utf-16"), "body_not_json"),
        (b"[" * 100_000, "body_not_json"),
        (b'{"value":' + b"[" * 100_000, "body_not_json"),
        (b"null", "body_form"),
        (b'"text"', "body_form"),
        (b'[{"metric_name":"a","value":1}]', "body_form"),
        (b'{"metrics":[]}', "body_form"),
        (b'{"metrics":{}}', "body_form"),
        (b'{"metrics":null}', "body_form"),
        (b'{"metrics":[{}],"metric_name":"a"}', "body_form"),
    ],
)
def test_other_bodies_are_unreadable(body: bytes, reason: str) -> None:
    """No metric is told from anything else, however deep or broken."""
    with pytest.raises(InvalidBody) as caught:
        parse(body)
    assert caught.value.violation.reason == reason


@pytest.mark.parametrize("literal", ["1e999", "-1e999", "1" * 400, "-" + "9" * 5000, "NaN", "-Infinity"])
def test_a_number_without_a_double_leaves_its_neighbours_readable(literal: str) -> None:
    """It is kept as written, beside values that stay exact."""
    body = f'{{"metrics":[{{"value":{literal}}},{{"value":1763769600000,"x":0.1}}]}}'
    assert parse(body.encode()) == [
        {"value": NotFinite(literal)},
        {"value": 1_763_769_600_000, "x": 0.1},
    ]


def test_a_broken_character_leaves_its_neighbours_readable() -> None:
    """Half of a surrogate pair is for the rules to judge."""
    assert parse(b'{"metrics":[{"metric_name":"\\ud800"},{"metric_name":"b"}]}')[1] == {"metric_name": "b"}


@given(st.binary(max_size=60))
def test_any_bytes_are_metrics_or_unreadable(body: bytes) -> None:
    """Nothing that a client sends raises anything else."""
    with suppress(InvalidBody):
        assert parse(body)


[RECORD] = records({})
DAY_MS = 86_400_000


def judge(raw: object, index: int = 0) -> Point | Violation:
    """The metric, judged for a table that keeps 30 days."""
    return read_metric(raw, index, RECORD, PointValidator(LIMITS))


def point(raw: object, index: int = 0) -> Point:
    """The metric, which is good."""
    judged = judge(raw, index)
    assert isinstance(judged, Point), judged
    return judged


def test_a_full_metric_becomes_a_point() -> None:
    """Every field is taken as written; dimensions come in the order of their names."""
    raw = metric("a b/ü", 7, metric_type="system", timestamp=ARRIVAL_MS, dimensions={"host": "a", "az": "1"})
    assert point(raw) == Point(
        Series("a b/ü", "system", (("az", "1"), ("host", "a"))), ARRIVAL_MS * 1_000_000, 7.0, 0, RECORD
    )


def test_only_name_and_value_are_required() -> None:
    """The type is application, and there are no dimensions."""
    assert point(metric()).series == ("cpu.load", "application", ())


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
    assert point(metric(dimensions={name: "x"})).series.dimensions == ((name, "x"),)


@pytest.mark.parametrize("timestamp", [ARRIVAL_MS + 15 * 60_000, ARRIVAL_MS - 30 * DAY_MS])
def test_the_limits_of_time_are_inside(timestamp: int) -> None:
    """Fifteen minutes ahead and the whole retention back are taken, by the time of arrival."""
    assert point(metric(timestamp=timestamp)).time_ns == timestamp * 1_000_000


def test_a_point_of_exactly_the_limit_is_taken() -> None:
    """Two kilobytes of names, values and numbers fit, and one byte more does not."""
    base = 16 + len("metricvaluemetric_namemetric_typecpu.loadapplication") + len("host")
    assert point(metric(dimensions={"host": "x" * (2048 - base)}))
    assert isinstance(judge(metric(dimensions={"host": "x" * (2049 - base)})), Violation)


def test_a_request_is_read_metric_by_metric() -> None:
    """Each at its place, beside what was refused, and kept as the client wrote it."""
    [record] = records(batch(metric(), 7, metric(value=1e3)))
    reading = read(record, PointValidator(LIMITS), DimensionMapping())
    assert [(point.request_index, point.value, point.record) for point in reading.points] == [
        (0, 0.5, record),
        (2, 1000.0, record),
    ]
    assert [(index, violation.reason.value) for index, violation in reading.refusals] == [
        (1, "metric_not_object")
    ]
    assert (reading.received, reading.payload(1), reading.payload(2)) == (3, 7, metric(value=1e3))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"metric_name": "", "value": "x", "dimensions": 1}, "metric_name_length"),
        (metric(value="x", timestamp="soon", metric_type="other", dimensions=1), "metric_type_unknown"),
        (metric(value="x", timestamp="soon", dimensions={"": "x"}), "value_type"),
        (metric(timestamp="soon", dimensions={"host": "x" * 3000}), "timestamp_format"),
        (metric(timestamp=0, dimensions=1), "timestamp_too_old"),
        (metric(extra=1, value="x"), "field_unknown"),
    ],
)
def test_of_several_broken_rules_the_first_is_named(raw: object, reason: str) -> None:
    """Fields, name, type, value, time, dimensions: also when the series was judged before."""
    validator = PointValidator(LIMITS)
    for _ in range(2):
        violation = read_metric(raw, 0, RECORD, validator)
        assert isinstance(violation, Violation)
        assert violation.reason == reason
