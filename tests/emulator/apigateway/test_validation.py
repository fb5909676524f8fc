"""Models: two validators, one opinion, and AWS's words."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.validation import Model
from emulator.errors import UnsupportedApiError
from tests.support.rest_api import MODEL


def check(schema: Any, body: Any) -> str | None:
    """The reasons for a refusal; None when the body fits."""
    try:
        Model(schema, where="Model").check(ApiRequest("POST", "/", (), json.dumps(body).encode()))
    except GatewayError as error:
        return error.validation_error
    return None


METRICS_MODEL = Model(MODEL, where="Model")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0])
    | st.sampled_from(["", "a", "system"])
)
NAMES = st.sampled_from(["metric_name", "value", "metric_type", "dimensions", "metrics", "other"])
BODIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(BODIES)
def test_the_fast_validator_agrees_with_the_exact_one(body: Any) -> None:
    """Speed changes no decision: accepted exactly when the draft-4 reference accepts."""
    try:
        METRICS_MODEL.check(ApiRequest("POST", "/", (), json.dumps(body).encode()))
        accepted = True
    except GatewayError:
        accepted = False
    assert accepted == Draft4Validator(MODEL).is_valid(body)


@pytest.mark.parametrize(
    ("schema", "body", "reason"),
    [
        (
            {"type": "integer"},
            1.5,
            'instance type (number) does not match any allowed primitive type (allowed: ["integer"])',
        ),
        (
            {"type": ["string", "null"]},
            True,
            'instance type (boolean) does not match any allowed primitive type (allowed: ["null","string"])',
        ),
        (
            {"anyOf": [{"required": ["a"]}, {"maxProperties": 0}]},
            {"b": 1},
            "instance failed to match at least one required schema among 2",
        ),
        ({"required": ["b", "a"]}, {}, 'object has missing required properties (["a","b"])'),
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {"a": 1, "c": 1, "b": 1},
            'object instance has properties which are not allowed by the schema: ["b","c"]',
        ),
        ({"enum": ["x", "y"]}, "z", 'instance value ("z") not found in enum (possible values: ["x","y"])'),
        ({"minLength": 2}, "a", 'string "a" is too short (length: 1, required minimum: 2)'),
        ({"pattern": "^a$"}, "b", 'ECMA 262 regex "^a$" does not match input string "b"'),
        ({"pattern": "^a$"}, "a\n", 'ECMA 262 regex "^a$" does not match input string "a\\n"'),
        ({"minProperties": 1}, {}, "object has too few properties (found 0 but schema requires at least 1)"),
    ],
)
def test_reasons_are_in_the_words_of_aws(schema: Any, body: Any, reason: str) -> None:
    """Clients see here what they would see from API Gateway."""
    assert check(schema, body) == f"[{reason}]"


@pytest.mark.parametrize(
    ("pattern", "body"), [("^a$", "a"), ("a", "cab"), ("a", 5), ("a", None), ("^\\$$", "$")]
)
def test_a_pattern_is_looked_for_in_texts_alone(pattern: str, body: Any) -> None:
    """Anywhere in them, unless it is anchored; what is no text passes."""
    assert check({"pattern": pattern}, body) is None


@pytest.mark.parametrize("pattern", ["(", "[$]"])
def test_a_pattern_that_cannot_be_followed_is_refused_at_the_start(pattern: str) -> None:
    """Neither a broken one nor one that Python would read otherwise decides about requests."""
    with pytest.raises(UnsupportedApiError, match="Model: the model is no draft-4 schema"):
        Model({"pattern": pattern}, where="Model")


def test_the_same_reason_is_given_once() -> None:
    """A hundred metrics with the same fault make one sentence."""
    assert (
        check(MODEL, {"metrics": [{"metric_name": "a"}] * 100})
        == '[object has missing required properties (["value"])]'
    )


@pytest.mark.parametrize(
    ("keyword", "value"), [("oneOf", [{}]), ("not", {}), ("format", "email"), ("maxItems", 1), ("$ref", "#")]
)
def test_a_keyword_without_words_is_refused_at_the_start(keyword: str, value: Any) -> None:
    """Wherever it stands in the schema: a client would get a reason that API Gateway does not give."""
    schemas: tuple[dict[str, Any], ...] = (
        {keyword: value},
        {"properties": {"a": {"items": {keyword: value}}}},
        {"additionalProperties": {keyword: value}},
        {"dependencies": {"a": {keyword: value}}},
        {"anyOf": [{keyword: value}]},
    )
    for schema in schemas:
        with pytest.raises(UnsupportedApiError, match=f"Model: .*{re.escape(keyword)}"):
            Model(schema, where="Model")
