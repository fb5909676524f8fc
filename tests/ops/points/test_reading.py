"""Points in files: every form that people keep them in, and the place of each."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.violation import Violation
from ops.points.reading import read_points
from templates.config import load

STREAM = load("dev").stream
A, B = {"metric_name": "a", "value": 1}, {"metric_name": "b", "value": 2}


def _read(text: str | bytes) -> list[tuple[str, Any]]:
    data = text.encode() if isinstance(text, str) else text
    return [(one.place, one.found) for one in read_points(data, STREAM)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (json.dumps(A), [("", A)]),
        (json.dumps(A, indent=2), [("", A)]),
        (json.dumps({"metrics": [A]}), [("metrics[0]", A)]),
        (json.dumps({"metrics": [A, B]}, indent=2), [("metrics[0]", A), ("metrics[1]", B)]),
        (json.dumps([A, B]), [("[0]", A), ("[1]", B)]),
        ("[]", []),
        (f"{json.dumps(A)}\n\n{json.dumps(B)}\r\n", [("line 1", A), ("line 3", B)]),
        (
            f"{json.dumps({'metrics': [A, B]})}\n{json.dumps(B)}",
            [("line 1 metrics[0]", A), ("line 1 metrics[1]", B), ("line 2", B)],
        ),
        ('{"metric_name": "a", "value": "\u2028"}', [("", {"metric_name": "a", "value": "\u2028"})]),
        (
            '{"metric_name": "a", "value": "\u2028"}\n' + json.dumps(B),
            [("line 1", {"metric_name": "a", "value": "\u2028"}), ("line 2", B)],
        ),
    ],
)
def test_each_form_is_read_with_the_place_of_each_point(text: str, places: list[tuple[str, Any]]) -> None:
    """A metric, a request, an array, and lines of the first two."""
    assert _read(text) == places


@pytest.mark.parametrize(
    ("text", "place", "reason", "said"),
    [
        ("", "", "body_not_json", "nothing in it"),
        (" \n ", "", "body_not_json", "nothing in it"),
        ('{"metrics": [1,]}', "", "body_not_json", "line 1, column 1"),
        ('{"metrics": [\n {"a" 1}]}', "", "body_not_json", "line 2, column 7"),
        (b'{"a": "\xff"}', "", "body_not_json", "not UTF-8 from byte 7"),
        ("[" * 100_000, "", "body_not_json", "nested too deeply"),
        ("5", "", "body_form", "a body is one metric"),
        ('{"metrics": []}', "", "body_form", "at least one"),
        ('{"metrics": [1], "value": 1}', "", "body_form", "alone"),
        (f"{json.dumps(A)}\nno", "line 2", "body_not_json", "line 1, column 1"),
        (f"{json.dumps(A)}\n[1]", "line 2", "body_form", "a body is one metric"),
    ],
)
def test_what_is_no_body_is_said_where(text: str | bytes, place: str, reason: str, said: str) -> None:
    """With line and column of what is no JSON."""
    found = [(where, one) for where, one in _read(text) if isinstance(one, Violation)]
    assert [(where, one.reason) for where, one in found] == [(place, reason)]
    assert said in found[0][1].message


def test_a_request_that_is_too_large_is_said_so() -> None:
    """The points in it are judged nevertheless."""
    text = json.dumps({"metrics": [{**A, "dimensions": {"x": "y" * 2**20}}]})
    first, second = _read(text)
    assert "at most 1 MiB (413)" in first[1].message
    assert second[0] == "metrics[0]"
    larger = replace(STREAM, max_record_kib=1025)
    assert [one.place for one in read_points(text.encode(), larger)] == ["metrics[0]"]


@given(st.binary())
def test_any_bytes_are_read(content: bytes) -> None:
    """No file ends in an exception."""
    _read(content)
