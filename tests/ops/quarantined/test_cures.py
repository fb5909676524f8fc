"""Each reason's cause and cure, and whether such a point gets to the stream at all."""

import gzip
import json
from typing import Any

import pytest

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.validation import Model
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.registry import admit_points
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason
from ops.quarantined.cures import CURES, Cure, cure_of
from templates.components.ingest_api.formats.metrics import BODY
from tests.support.fake_ports import FakeRegistry

NOW_MS = 1_800_000_000_000
MODEL = Model(BODY, where="the body")


def metric(**changes: Any) -> dict[str, Any]:
    """A good metric with some of its fields changed; None leaves one out."""
    whole = {"metric_name": "m", "value": 1, **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def otlp_json(given: Any) -> dict[str, Any]:
    """A request of OTLP with one metric."""
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [given]}]}]}


# A body for each reason that the reading of a request finds.
BODIES: dict[Reason, Any] = {
    Reason.BODY_NOT_JSON: b"{",
    Reason.BODY_FORM: {"metrics": []},
    Reason.METRIC_NOT_OBJECT: {"metrics": [1]},
    Reason.FIELD_UNKNOWN: metric(tags={}),
    Reason.METRIC_NAME_MISSING: {"metrics": [metric(metric_name=...)]},
    Reason.METRIC_NAME_TYPE: metric(metric_name=1),
    Reason.METRIC_NAME_LENGTH: metric(metric_name="n" * 257),
    Reason.METRIC_NAME_CHARACTERS: metric(metric_name="a\n"),
    Reason.METRIC_TYPE_UNKNOWN: metric(metric_type="other"),
    Reason.VALUE_MISSING: metric(value=...),
    Reason.VALUE_TYPE: metric(value="1.5"),
    Reason.VALUE_NOT_FINITE: b'{"metric_name": "m", "value": 1e999}',
    Reason.TIMESTAMP_TYPE: metric(timestamp=1763769600.5),
    Reason.TIMESTAMP_FORMAT: metric(timestamp="2026-02-30T00:00:00Z"),
    Reason.TIMESTAMP_IN_FUTURE: metric(timestamp=NOW_MS + 3_600_000),
    Reason.TIMESTAMP_TOO_OLD: metric(timestamp=NOW_MS // 1000),
    Reason.DIMENSIONS_TYPE: metric(dimensions=[]),
    Reason.DIMENSIONS_TOO_MANY: metric(dimensions={f"d{number}": "v" for number in range(121)}),
    Reason.DIMENSION_NAME_LENGTH: metric(dimensions={"": "v"}),
    Reason.DIMENSION_NAME_CHARACTERS: metric(dimensions={"1st": "v"}),
    Reason.DIMENSION_NAME_RESERVED: metric(dimensions={"Time": "v"}),
    Reason.DIMENSION_NAME_CASE: metric(dimensions={"host": "v", "Host": "v"}),
    Reason.DIMENSION_BUDGET_SPENT: metric(dimensions={"new": "v"}),
    Reason.DIMENSION_VALUE_TYPE: metric(dimensions={"host": 1}),
    Reason.DIMENSION_VALUE_EMPTY: metric(dimensions={"host": ""}),
    Reason.DIMENSION_VALUE_CHARACTERS: metric(dimensions={"host": "a\n"}),
    Reason.POINT_TOO_LARGE: metric(dimensions={"url": "u" * 2048}),
}
# The same for reasons that are only there in other formats.
FOREIGN: dict[Reason, tuple[str, Any]] = {
    Reason.BODY_NOT_GZIP: ("json-gz", b"{}"),
    Reason.BODY_TOO_LARGE: ("json-gz", gzip.compress(b" " * 11 * 2**20, mtime=0)),
    Reason.BODY_NOT_LINES: ("influx-ns", {"metrics": []}),
    Reason.LINE_INVALID: ("influx-ns", b"cpu,host=a b value=1\ncpu value=1"),
    Reason.BODY_NOT_OTLP: ("otlp-json", {"resourceSpans": []}),
    Reason.BODY_NOT_REMOTE_WRITE: ("remote-write", b"{"),
    Reason.DATA_POINT_INVALID: ("otlp-json", otlp_json({"gauge": {"dataPoints": [1]}})),
    Reason.DIMENSION_NAME_REPEATED: (
        "otlp-json",
        otlp_json({"name": "m", "gauge": {"dataPoints": [{"asInt": 1, "attributes": [{"key": "a"}] * 2}]}}),
    ),
}
# These are found in what lies around the body, or by the store.
ELSEWHERE = {
    Reason.PARTITION_KEY_INVALID, Reason.FORMAT_UNKNOWN, Reason.PROCESSING_FAILED, Reason.REJECTED_BY_STORE,
}  # fmt: skip


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _reason(body: bytes, format_: str = "json") -> Reason | None:
    """The reason for which a body's first point is quarantined when 120 names are taken, host among them."""
    record = StreamRecord(format_, "-", "r", NOW_MS, 1, "s", body)
    try:
        reading = read_request(record, PointValidator(store_limits(30)), DimensionMapping())
    except InvalidBody as error:
        return error.violation.reason
    if reading.refusals:
        return reading.refusals[0][1].reason
    names = ["host", "url", *(f"taken{number}" for number in range(118))]
    [verdict] = admit_points(reading.points, FakeRegistry(names), 120).verdicts
    return None if verdict is None else verdict.reason  # type: ignore[union-attr]


def test_every_reason_has_a_cause_and_a_cure() -> None:
    """Each in whole sentences, with an example here; a new reason needs all three."""
    assert set(CURES) == set(Reason) == set(BODIES) | set(FOREIGN) | ELSEWHERE
    for cure in CURES.values():
        assert all(text[-1] == "." and text.lstrip("`")[0].isalpha() for text in (cure.cause, cure.cure))


@pytest.mark.parametrize("reason", BODIES)
def test_a_reason_is_what_its_example_is_quarantined_for(reason: Reason) -> None:
    """The reader and the registry judge the example so."""
    assert _reason(_bytes(BODIES[reason])) is reason


@pytest.mark.parametrize("reason", FOREIGN)
def test_a_reason_of_another_format_is_what_its_example_is_quarantined_for(reason: Reason) -> None:
    """The reader of that format judges the example so."""
    format_, body = FOREIGN[reason]
    assert _reason(_bytes(body), format_) is reason


@pytest.mark.parametrize("reason", BODIES)
def test_what_the_api_refuses_is_said_so(reason: Reason) -> None:
    """The model lets the example through, or answers 400, as the table says."""
    request = ApiRequest("POST", "/metrics", (("Content-Type", "application/json"),), _bytes(BODIES[reason]))
    refused = False
    try:
        MODEL.check(request)
    except GatewayError:
        refused = True
    assert refused is CURES[reason].refused_at_door


def test_a_reason_of_newer_functions_is_not_the_end() -> None:
    """Such a reason has a cure, too: the version that knows it."""
    assert isinstance(cure_of("no_such_reason"), Cure)
    assert cure_of("value_type") is CURES[Reason.VALUE_TYPE]
