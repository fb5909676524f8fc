"""Labels of other protocols as dimensions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.dimensions import read_dimensions
from handlers.domain.ingest.formats.foreign import attribute_text, dimension_name, dimensions_of


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("host", "host"),
        ("host.name", "host_name"),
        ("k8s-pod/name", "k8s_pod_name"),
        ("größe", "gr__e"),
        ("2xx", "_2xx"),
        ("value", "_value"),
        ("Time", "_Time"),
        ("ts.x", "_ts_x"),
        ("measure_name", "_measure_name"),
        ("", ""),
    ],
)
def test_names_are_written_with_what_a_column_may_have(original: str, name: str) -> None:
    """Letters, digits and underscores; none begins with a digit or is a store's own."""
    assert dimension_name(original) == name


def test_values_of_names_that_meet_are_joined() -> None:
    """In the order of the names as they were, whatever the order in which they came."""
    assert dimensions_of([("a_b", "3"), ("a.b", "2"), ("a-b", "1"), ("c", "")]) == (
        {"a_b": "1;2;3"},
        "application",
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("system", ({}, "system")),
        ("business", ({}, "business")),
        ("gauge", ({"_metric_type": "gauge"}, "application")),
        ("", ({}, "application")),
    ],
)
def test_a_label_may_say_the_metrics_type(value: str, found: object) -> None:
    """Only one of ours; another is a label like any."""
    assert dimensions_of([("metric_type", value)]) == found


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text("ab", max_size=3), max_size=5))
def test_any_labels_make_dimensions_that_are_taken(labels: dict[str, str]) -> None:
    """No name needs a second look, but one that is no Unicode or too long."""
    dimensions, _ = dimensions_of(labels.items())
    assert isinstance(read_dimensions(dimensions, 120), tuple)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (2**63, "9223372036854775808"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
        (b"\x00", "AA=="),
        ([], "[]"),
        ({"ä": [None, b"x", float("-inf")]}, '{"ä":[null,"eA==","-Infinity"]}'),
        (None, ""),
    ],
)
def test_values_of_any_type_are_texts(value: object, text: str) -> None:
    """What JSON cannot say is a text within it."""
    assert attribute_text(value) == text
