"""Reasons as they stand in messages and histories: each is true of the periods that it names."""

from fractions import Fraction
from typing import Any

import pytest

from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from handlers.domain.alerts.state.verdicts import verdict_of
from handlers.vocabulary import AlertState
from tests.support.rules import a_rule

START = 1_763_769_600
MINUTE = 60


def reason(
    fields: dict[str, Any], values: dict[int, float | None], *, state: AlertState = AlertState.OK
) -> str:
    """The reason of the change that a rule makes of these values by minute; None: the period is missing."""
    rule = a_rule(statistic="max", threshold=90, **fields)
    datapoints = [
        Datapoint(START + MINUTE * minute, Verdict.MISSING)
        if value is None
        else Datapoint(START + MINUTE * minute, verdict_of(rule, Fraction(value)), value, 1)
        for minute, value in values.items()
    ]
    newest_s = START + MINUTE * max(values)
    decision = decide(rule, Alert(rule.key, (), state=state), datapoints, newest_s, newest_s + MINUTE)
    assert decision.transition is not None
    return decision.transition.reason


@pytest.mark.parametrize(
    ("fields", "values", "state", "expected"),
    [
        (
            {},
            {0: 95.5},
            AlertState.OK,
            "max of cpu.load is 95.5 in the period of 60 s since 2025-11-22T00:00:00Z, where > 90 breaches",
        ),
        (
            {"datapoints": 3},
            {0: 93, 5: 94, 7: 95},
            AlertState.OK,
            (
                "max of cpu.load is 93, 94, 95 in 3 of the last 3 periods of 60 s with data, since 2025-11-22T00:00:00Z"
                ", where > 90 breaches; 3 of 3 fire"
            ),
        ),
        (
            {"datapoints": "2 of 4", "missing_data": "not_breaching"},
            {0: 93, 1: 1, 2: 94},
            AlertState.OK,
            (
                "max of cpu.load is 93, 94 in 2 of the last 4 periods of 60 s, of which 3 known"
                ", where > 90 breaches; 2 of 4 fire"
            ),
        ),
        (
            {"datapoints": "2 of 3", "missing_data": "missing"},
            {0: 93, 1: None, 2: 94},
            AlertState.OK,
            "max of cpu.load is 93, 94 in 2 of the last 3 periods of 60 s, where > 90 breaches; 2 of 3 fire",
        ),
        (
            {"datapoints": 2, "missing_data": "missing"},
            {0: None, 1: None},
            AlertState.ALARM,
            "no data for cpu.load in 2 of the last 2 periods of 60 s; 2 of 2 go missing",
        ),
        (
            {"missing_data": "missing"},
            {0: None},
            AlertState.OK,
            "no data for cpu.load in the last period of 60 s",
        ),
        (
            {"recovery": {"threshold": 80, "datapoints": 2}, "missing_data": "not_breaching"},
            {0: 95, 1: 70, 2: 71},
            AlertState.ALARM,
            "max of cpu.load is 70, 71 in the last 2 periods of 60 s, which is not > 80",
        ),
        (
            {"missing_data": "missing", "datapoints": 2},
            {0: None, 1: None, 2: 95},
            AlertState.MISSING,
            "data for cpu.load again: max is 95 in the last period of 60 s",
        ),
        (
            {"datapoints": 2, "missing_data": "missing"},
            {0: 1, 1: 95},
            AlertState.OK,
            "max of cpu.load is 95 in 1 of the last 2 periods of 60 s, where > 90 breaches; 2 of 2 fire",
        ),
        (
            {"datapoints": 2, "missing_data": "missing"},
            {0: 1, 1: None},
            AlertState.OK,
            "no data for cpu.load in 1 of the last 2 periods of 60 s; 2 of 2 go missing",
        ),
        (
            {"datapoints": 2, "missing_data": "not_breaching", "recovery": {"threshold": 80}},
            {0: 85, 1: 85},
            AlertState.PENDING,
            "max of cpu.load breaches and is missing no more in the last 2 periods of 60 s",
        ),
    ],
)
def test_a_reason_is_true_of_the_periods_it_names(
    fields: dict[str, Any], values: dict[int, float | None], state: AlertState, expected: str
) -> None:
    """Gaps that a rule passes over, periods that nothing is known of, and what counts for neither, are told apart."""
    assert reason(fields, values, state=state) == expected


def test_a_long_list_of_values_is_cut_at_its_begin() -> None:
    """A message has the last five."""
    values: dict[int, float | None] = {minute: 91.0 + minute for minute in range(7)}
    assert "is …, 93, 94, 95, 96, 97 in 7 of the last 7 periods" in reason({"datapoints": 7}, values)
