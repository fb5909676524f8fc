"""Requests held against the SDKs' own service models."""

import pytest

from emulator.request_shapes import ShapeError, Shapes

SHAPES = Shapes("athena")
QUERY = {"QueryString": "SELECT 1"}


def test_what_fits_is_handed_on() -> None:
    """Members that are unknown or null are left out; nested ones, maps and letters of any plane stay."""
    asked = {
        **QUERY,
        "WorkGroup": None,
        "Unknown": 1,
        "QueryExecutionContext": {"Catalog": "c\U0001f30a", "Other": 2},
        "EngineConfiguration": {"AdditionalConfigs": {"a": "b"}},
    }
    assert SHAPES.check("StartQueryExecution", asked) == {
        **QUERY,
        "QueryExecutionContext": {"Catalog": "c\U0001f30a"},
        "EngineConfiguration": {"AdditionalConfigs": {"a": "b"}},
    }


@pytest.mark.parametrize(
    ("asked", "path", "mistyped"),
    [
        ({}, "QueryString", False),
        ({"QueryString": ""}, "QueryString", False),
        ({"QueryString": "x" * 262_145}, "QueryString", False),
        ({"QueryString": 1}, "QueryString", True),
        ({**QUERY, "WorkGroup": "a b"}, "WorkGroup", False),
        ({**QUERY, "QueryExecutionContext": {"Catalog": "\x01"}}, "QueryExecutionContext.Catalog", False),
        ({**QUERY, "ExecutionParameters": []}, "ExecutionParameters", False),
        ({**QUERY, "ExecutionParameters": ["a", 2]}, "ExecutionParameters.2", True),
    ],
)
def test_what_does_not_fit_is_named(asked: dict[str, object], path: str, *, mistyped: bool) -> None:
    """The error has the member's path, and tells a wrong type from a wrong value."""
    with pytest.raises(ShapeError) as refused:
        SHAPES.check("StartQueryExecution", asked)
    assert (refused.value.path, refused.value.mistyped) == (path, mistyped)
