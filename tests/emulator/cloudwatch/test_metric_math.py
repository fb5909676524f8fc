"""Metric math."""

import pytest

from emulator.cloudwatch.metric_math import Expression


@pytest.mark.parametrize(
    ("text", "values", "value"),
    [
        ("IF(number >= 10, watched, 0)", {"number": 10, "watched": 0.5}, 0.5),
        ("IF(number >= 10, watched, 0)", {"number": 9, "watched": 0.5}, 0.0),
        ("IF(number >= 10, watched, 0)", {"number": None, "watched": 0.5}, None),
        ("IF(number >= 10, watched, 0)", {"number": 9, "watched": None}, 0.0),
        ("100 * (a - b) / a", {"a": 4, "b": 1}, 75.0),
        ("a / b", {"a": 1, "b": 0}, None),
        ("-a", {"a": 2}, -2.0),
        ("a < b", {"a": 1, "b": 2}, 1.0),
    ],
)
def test_a_period_has_the_value_of_its_expression(
    text: str, values: dict[str, float | None], value: float | None
) -> None:
    """Missing where a value that it needs is missing, or where it divides by zero."""
    expression = Expression(text)
    assert expression.ids == values.keys()
    assert expression.value(values) == value


@pytest.mark.parametrize(
    "text",
    ["FILL(m1, 0)", "SUM(METRICS())", "a if b else c", "a.b", "IF(a, b)", "a +", "'x'", "a < b < c", "IF"],
)
def test_what_goes_further_is_refused_with_its_words(text: str) -> None:
    """Never answered as something else."""
    with pytest.raises(ValueError, match="metric math here knows"):
        Expression(text)
