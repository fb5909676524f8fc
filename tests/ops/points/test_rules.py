"""A point's verdict before it is sent is the pipeline's afterwards."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.validation import Model
from handlers.adapters.lake.limits import lake_limits
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import decode, read
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point
from ops.points.rules import Fault, PointRules, limits_of
from templates.components.ingest_api.formats.metrics import BODY
from templates.config import load

NOW_MS = 1_800_000_000_000
MODEL = Model(BODY, where="the body")

VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]) | st.just({})
)
TIMES = (
    VALUES
    | st.integers(NOW_MS - 10**10, NOW_MS + 10**9)
    | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    | st.from_regex(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\n?")
)
METRICS = st.fixed_dictionaries(
    {},
    optional={
        "metric_name": VALUES | st.just("m"),
        "value": VALUES | st.just(1),
        "metric_type": VALUES | st.just("system"),
        "timestamp": TIMES,
        "dimensions": VALUES | st.dictionaries(st.text(max_size=3), VALUES | st.text(max_size=3), max_size=3),
        "labels": VALUES,
    },
)
GOOD = st.fixed_dictionaries(
    {"metric_name": st.just("m"), "value": st.floats() | st.integers()},
    optional={"timestamp": TIMES, "dimensions": st.dictionaries(st.text(max_size=3), st.text(max_size=3))},
)


def _refused(body: bytes) -> bool:
    """True if API Gateway answers 400."""
    try:
        MODEL.check(ApiRequest("POST", "/metrics", (("Content-Type", "application/json"),), body))
    except GatewayError:
        return True
    return False


def _rules(**arguments: Any) -> PointRules:
    return PointRules(store_limits(30), arrival_ms=NOW_MS, **arguments)


@given(metric=METRICS | GOOD | VALUES)
def test_a_verdict_is_the_gateways_and_the_readers(metric: object) -> None:
    """400 is said exactly where the gateway's model refuses the request; else it is the reader's reason, if any."""
    body = json.dumps({"metrics": [metric]}).encode()
    [raw] = decode(body)["metrics"]
    verdict = _rules().point(raw)
    refused = _refused(body)
    assert (isinstance(verdict, Fault) and verdict.refused) == refused
    reading = read(
        StreamRecord("json", "-", "r", NOW_MS, 0, "", body),
        PointValidator(store_limits(30)),
        DimensionMapping(),
    )
    if isinstance(verdict, Fault):
        assert verdict.violation.reason != "body_form", "the model is stricter than the reader"
        if not refused and not verdict.violation.reason.startswith("dimension_"):
            assert reading.refusals == [(0, verdict.violation)]
    else:
        assert [point.series for point in reading.points] == [verdict.series]


def test_a_name_is_taken_as_it_was_written_first() -> None:
    """By the table or earlier in the file."""
    rules = _rules(names=["Host"])
    for name, taken in (("host", "Host"), ("Zone", None), ("zone", "Zone")):
        verdict = rules.point({"metric_name": "m", "value": 1, "dimensions": {name: "a"}})
        if taken is None:
            assert isinstance(verdict, Point)
        else:
            assert isinstance(verdict, Fault)
            assert (verdict.violation.reason, verdict.refused) == ("dimension_name_case", False)
            assert taken in verdict.violation.message


def test_the_budget_of_names_is_the_tables() -> None:
    """Names that the table has count against it."""
    rules = _rules(names=[f"d{number}" for number in range(119)])
    point = {"metric_name": "m", "value": 1}
    assert isinstance(rules.point({**point, "dimensions": {"new": "a"}}), Point)
    verdict = rules.point({**point, "dimensions": {"newer": "a"}})
    assert isinstance(verdict, Fault)
    assert verdict.violation.reason == "dimension_budget_spent"


def test_points_are_judged_by_the_kind_of_store() -> None:
    """The writer's own limits: the lake takes more names, and both forget after the days that are set."""
    assert limits_of(load("dev").store) == store_limits(30)
    assert limits_of(load("lake").store) == lake_limits(30, 250)
