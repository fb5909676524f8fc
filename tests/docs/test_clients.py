"""docs/clients.md tells how to read a 400: each row of its table is what the model of the API says."""

import json
from typing import Any

import pytest

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.validation import Model
from templates.components.ingest_api.formats.metrics import BODY
from tests.support.documents import ROOT

MODEL = Model(BODY, where="the body")
GOOD = {"metric_name": "m", "value": 1}
ROWS = [
    line.split("`")[1]
    for line in (ROOT / "docs/clients.md")
    .read_text(encoding="utf-8")
    .split("| `reason` has |")[1]
    .splitlines()
    if line.startswith("| `")
]
# For each row, in their order, the bodies that it is about.
BODIES: list[list[Any]] = [
    [{**GOOD, "value": "1"}, {"metrics": [GOOD, {**GOOD, "value": None}]}],
    [{**GOOD, "timestamp": 1.5}, {**GOOD, "timestamp": None}],
    [{**GOOD, "timestamp": "yesterday"}, {**GOOD, "timestamp": "1763769600000"}],
    [{**GOOD, "metric_name": 5}, {**GOOD, "dimensions": {"host": 5}}],
    [{**GOOD, "metric_type": "other"}],
    [{**GOOD, "dimensions": []}, {"metrics": [5]}, [], 5],
    [{"metrics": [{"value": 1}]}],
    [{"value": 1}, {"metric_name": "m"}, {"timestamp": 1}],
    [{**GOOD, "tags": {}}, {"metrics": [{**GOOD, "tags": {}}]}],
    [{**GOOD, "metric_name": ""}],
    [{"metrics": []}],
    [{**GOOD, "metrics": [GOOD]}],
    [b"{"],
]


@pytest.mark.parametrize(
    ("words", "body"), [(row, body) for row, some in zip(ROWS, BODIES, strict=True) for body in some]
)
def test_a_reason_is_read_as_the_page_says(words: str, body: Any) -> None:
    """The reason of a body that a row is about has the row's words."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(GatewayError) as refused:
        MODEL.check(ApiRequest("POST", "/metrics", (), raw))
    assert words in refused.value.validation_error
