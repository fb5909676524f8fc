"""Rules that nobody can mean as they stand, and those that are only suspicious."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.reading import read_rule
from ops.rule_checks import doubts, refusals
from tests.support.rules import a_ratio, a_rule

NEVER, ALWAYS, STAYS = (
    "never holds",
    "always holds, so its alerts would never be over",
    "so no alert would be over",
)
IMPOSSIBLE: list[tuple[dict[str, Any], str, str]] = [
    ({"operator": "<", "threshold": 0}, "threshold", NEVER),
    ({"operator": "<=", "threshold": -0.5}, "threshold", NEVER),
    ({"operator": "==", "threshold": 2.5}, "threshold", NEVER),
    ({"operator": "==", "threshold": -1}, "threshold", NEVER),
    ({"operator": "inside", "threshold": [2.1, 2.9]}, "threshold", NEVER),
    ({"operator": "inside", "threshold": [-5, -1]}, "threshold", NEVER),
    ({"operator": ">", "threshold": 1e100}, "threshold", NEVER),
    ({"operator": "<", "threshold": 0, "missing_data": "not_breaching"}, "threshold", NEVER),
    (
        {"operator": "<", "threshold": 1, "missing_data": "ignore"},
        "threshold",
        "as missing_data is ignore and not zero",
    ),
    ({"operator": "==", "threshold": 0, "missing_data": "not_breaching"}, "threshold", NEVER),
    ({"operator": ">=", "threshold": 0}, "threshold", ALWAYS),
    ({"operator": ">", "threshold": -1, "missing_data": "missing"}, "threshold", ALWAYS),
    ({"operator": "!=", "threshold": 2.5}, "threshold", ALWAYS),
    ({"operator": "outside", "threshold": [2.1, 2.9]}, "threshold", ALWAYS),
    ({"operator": ">", "threshold": 0, "missing_data": "ignore"}, "threshold", ALWAYS),
    ({"operator": ">", "threshold": 0, "missing_data": "breaching"}, "threshold", ALWAYS),
    ({"operator": "<", "threshold": 1e99, "missing_data": "breaching"}, "threshold", ALWAYS),
    ({"operator": ">", "threshold": 5, "recovery": {"threshold": -1}}, "recovery.threshold", STAYS),
    ({"operator": "<", "threshold": 5, "recovery": {"threshold": 1e50}}, "recovery.threshold", STAYS),
    (
        {"operator": "outside", "threshold": [2, 3], "recovery": {"threshold": [2.4, 2.6]}},
        "recovery.threshold",
        STAYS,
    ),
]


@pytest.mark.parametrize(("fields", "field", "words"), IMPOSSIBLE)
def test_a_count_that_cannot_be_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    """Conditions that no count meets, or that every count meets, fire never or for ever."""
    [error] = refusals(a_rule(statistic="count", **fields), 10)
    assert error.field == field
    assert words in str(error)


@pytest.mark.parametrize(
    "fields",
    [
        {"operator": "<", "threshold": 1},
        {"operator": "<", "threshold": 1, "missing_data": "missing"},
        {"operator": "<", "threshold": 1, "missing_data": "breaching"},
        {"operator": "==", "threshold": 0},
        {"operator": ">", "threshold": 0},
        {"operator": ">", "threshold": 0, "missing_data": "not_breaching"},
        {"operator": "inside", "threshold": [2.1, 3]},
        {"operator": ">", "threshold": 2.5},
        {"operator": "outside", "threshold": [1, 1e6]},
        {"statistic": "sum", "operator": "<", "threshold": 0},
        {"statistic": "max", "operator": "==", "threshold": 0.5},
        {"statistic": "avg", "operator": "!=", "threshold": 2.5},
        {"statistic": "min", "operator": ">", "threshold": -1e100},
    ],
)
def test_what_can_be_is_not_refused(fields: dict[str, Any]) -> None:
    """Also a condition that never holds, where missing data is what the rule waits for."""
    assert list(refusals(a_rule(**{"statistic": "count", **fields}), 10)) == []


BOUNDS = st.integers(-4, 12).map(lambda half: half / 2)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"operator": "<", "threshold": 0}, "threshold", NEVER),
        ({"operator": "inside", "threshold": [-2, -1]}, "threshold", NEVER),
        ({"operator": ">=", "threshold": 0}, "threshold", ALWAYS),
        ({"operator": "!=", "threshold": -1}, "threshold", ALWAYS),
        ({"operator": ">", "threshold": 5, "recovery": {"threshold": -1}}, "recovery.threshold", STAYS),
    ],
)
def test_a_deviation_or_growth_below_zero_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    """What is never negative fires never or for ever, too."""
    for statistic in ("stddev", "increase", "rate"):
        [error] = refusals(a_rule(statistic=statistic, **fields), 10)
        assert error.field == field
        assert words in str(error)
        assert f"{statistic} is never negative" in str(error)


@pytest.mark.parametrize(
    "fields",
    [
        {"operator": "<=", "threshold": 0},
        {"operator": "<", "threshold": 0, "missing_data": "missing"},
        {"operator": "==", "threshold": 2.5},
        {"operator": "inside", "threshold": [-1, 0.5]},
        {"operator": "outside", "threshold": [-1, 2]},
    ],
)
def test_a_deviation_that_can_be_is_not_refused(fields: dict[str, Any]) -> None:
    """Any value from zero on."""
    assert not list(refusals(a_rule(statistic="stddev", **fields), 10))


def test_a_ratio_is_looked_at_on_both_sides() -> None:
    """Dimensions that no point can have, and what parts of a whole cannot be."""
    sides = {
        "numerator": {"metric_name": "a", "match": {"time": "x"}},
        "denominator": {"metric_name": "b", "match": {"value": "x"}},
    }
    fields = [error.field for error in refusals(read_rule(a_ratio(**sides)), 10)]
    assert fields == ["numerator.match.time", "denominator.match.value"]
    [error] = refusals(read_rule(a_ratio(operator="<", threshold=0)), 10)
    assert "ratio is never negative" in str(error)
    sums = {"numerator": {"metric_name": "a", "statistic": "sum"}, "denominator": {"metric_name": "b"}}
    assert not list(refusals(read_rule(a_ratio(operator="<", threshold=0, **sums)), 10))


SHARE = {
    "numerator": {"metric_name": "a", "match": {"status": ["500"], "env": "prod"}},
    "denominator": {"metric_name": "a", "match": {"env": ["prod", "stage"]}},
}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"threshold": 5}, "threshold", NEVER),
        ({"threshold": 1}, "threshold", NEVER),
        ({"operator": "<=", "threshold": 1}, "threshold", ALWAYS),
        ({"operator": "inside", "threshold": [2, 3]}, "threshold", NEVER),
        ({"operator": "<", "threshold": 0.5, "recovery": {"threshold": 2}}, "recovery.threshold", STAYS),
    ],
)
def test_a_share_above_one_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    """As 5 for 5 % would fire never, and nobody would know."""
    [error] = refusals(read_rule(a_ratio(**SHARE, **fields)), 10)
    assert error.field == field
    assert words in str(error)
    assert "5 % is 0.05" in str(error)


@pytest.mark.parametrize(
    ("sides", "fields"),
    [
        (SHARE, {"operator": ">=", "threshold": 1}),
        (SHARE, {"operator": ">", "threshold": 1, "missing_data": "missing"}),
        ({**SHARE, "denominator": {"metric_name": "b"}}, {"threshold": 5}),
        ({**SHARE, "denominator": {"metric_name": "a", "match": {"env": "stage"}}}, {"threshold": 5}),
        ({**SHARE, "denominator": {"metric_name": "a", "match": {"zone": "x"}}}, {"threshold": 5}),
        ({**SHARE, "denominator": {"metric_name": "a", "metric_type": "system"}}, {"threshold": 5}),
        ({**SHARE, "denominator": {"metric_name": "a", "statistic": "increase"}}, {"threshold": 5}),
    ],
)
def test_a_ratio_that_may_be_above_one_is_not_refused(sides: dict[str, Any], fields: dict[str, Any]) -> None:
    """Where the numerator counts other points than the denominator, or as much as all of them."""
    assert not list(refusals(read_rule(a_ratio(**sides, **fields)), 10))


@given(
    st.sampled_from([">", ">=", "<", "<=", "==", "!=", "inside", "outside"]),
    st.tuples(BOUNDS, BOUNDS).map(sorted),
    st.integers(0, 8).map(lambda quarter: quarter / 4),
    st.sampled_from(["zero", "ignore", "missing", "breaching", "not_breaching"]),
)
def test_a_count_is_refused_only_if_no_count_could_change_it(
    operator: str, bounds: list[float], margin: float, policy: str
) -> None:
    """Whether a rule can fire and be over is what trying each count says."""
    low, high = bounds
    wider = {"inside": [low - margin, high + margin], "outside": [(low + high) / 2] * 2}
    sides = {">": low - margin, ">=": low - margin, "<": low + margin, "<=": low + margin}
    recovery = wider.get(operator, sides.get(operator, low))
    threshold = bounds if operator in wider else low
    rule = a_rule(
        statistic="count",
        operator=operator,
        threshold=threshold,
        missing_data=policy,
        recovery={"threshold": recovery},
    )
    counts = [Fraction(count) for count in range(0 if policy == "zero" else 1, 30)]
    fires = policy in ("breaching", "missing") or any(rule.condition.holds(count) for count in counts)
    breaches = policy == "breaching" or any(rule.condition.holds(count) for count in counts)
    ends = policy == "not_breaching" or any(not rule.recovery.condition.holds(count) for count in counts)
    assert bool(list(refusals(rule, 10))) == (not fires or (breaches and not ends))


@pytest.mark.parametrize(
    "name", ["metric_type", "metric_name", "value", "time", "Time", "measure_x", "ts_a", "a b", "1st"]
)
def test_dimensions_that_no_point_can_have_are_refused(name: str) -> None:
    """They are the rule's own fields, or reserved by the store, so a rule about them matches nothing."""
    [error] = refusals(a_rule(by=["host", name]), 10)
    assert (error.field, "no dimension that a point can have" in str(error)) == ("by", True)
    [error] = refusals(a_rule(match={"host": "a", name: "x"}), 10)
    assert error.field == f"match.{name}"
    assert not list(refusals(a_rule(by=["host", "time_zone", "valued"]), 10))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"statistic": "count", "operator": "<", "threshold": 5, "missing_data": "ignore"},
            "silence fires nothing",
        ),
        (
            {"statistic": "sum", "operator": "<=", "threshold": 0, "missing_data": "not_breaching"},
            "zero would",
        ),
        (
            {"statistic": "sum", "operator": "inside", "threshold": [-1, 1], "missing_data": "ignore"},
            "zero would",
        ),
        ({"forget_after": 7_200}, "forget_after has no effect without `by`"),
    ],
)
def test_what_is_suspicious_is_pointed_out(fields: dict[str, Any], words: str) -> None:
    """Silence that does not count, where a count of nothing would breach; a time that nothing asks for."""
    [note] = doubts(a_rule(**fields))
    assert note.startswith("cpu-hot: ")
    assert words in note


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"statistic": "count", "operator": "<", "threshold": 5},
        {"statistic": "count", "operator": "<", "threshold": 5, "missing_data": "missing"},
        {"statistic": "count", "operator": ">", "threshold": 5, "missing_data": "ignore"},
        {"by": ["host"], "forget_after": 7_200},
        {"period": 3600, "datapoints": 24, "missing_data": "missing"},
    ],
)
def test_what_is_usual_is_not_pointed_out(fields: dict[str, Any]) -> None:
    """A note that is always there is read by nobody."""
    assert list(doubts(a_rule(**fields))) == []
