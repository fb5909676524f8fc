"""Readers of the fields that say when a rule fires. What they depend on is None where it is wrong itself."""

import re
from collections.abc import Mapping
from functools import partial
from typing import cast

from handlers.domain.alerts.periods import DAY_S, HOUR_S, MAX_PERIOD_S
from handlers.domain.alerts.rules.fields import Fields, RuleError, choice, integer, number, shown
from handlers.domain.alerts.rules.rule import (
    Condition,
    DatapointsToAlarm,
    MissingData,
    Operator,
    Recovery,
)
from handlers.domain.alerts.rules.statistic import PLAIN, Statistic
from handlers.vocabulary import ALLOWED_LATENESS_S, EVALUATION_INTERVALS_S

MOST_DATAPOINTS = 100
MOST_FORGET_AFTER_S = 30 * DAY_S
MOST_RENOTIFY_S = 7 * DAY_S
MOST_HOLD_S = 7 * DAY_S
MOST_MESSAGES = 1_000
LEAST_RENOTIFY_S = 60

# Other words for what there is, and what people try.
_STATISTIC_HINTS = {
    "p0": "the least value is min",
    "p100": "the greatest value is max",
    "median": "the median is p50",
    "mean": "the mean is avg",
    "average": "the mean is avg",
    "delta": "the growth of a counter is increase",
    "ratio": "a ratio has a numerator and a denominator, each with its statistic",
    "irate": "the growth of a counter by the second is rate",
}
_DATAPOINTS = re.compile(r"(\d{1,4}) of (\d{1,4})", re.ASCII)


def read_statistic(field: str, value: object) -> Statistic:
    """The statistic of this name: one of those with a name, or a percentile."""
    statistic = Statistic.read(value) if isinstance(value, str) else None
    if statistic is None:
        hint = _STATISTIC_HINTS.get(value, "") if isinstance(value, str) else ""
        message = (
            f"{shown(value)} is not one of {', '.join(PLAIN)}, nor a percentile, p0.1 to p99.9, such as p99"
        )
        raise RuleError(field, message + (f"; {hint}" if hint else ""))
    return statistic


def read_condition(field: str, value: object, operator: Operator | None) -> Condition:
    """The operator with the bounds that it takes."""
    bounds = _read_bounds(field, value, operator)
    return cast("Condition", None) if operator is None else Condition(operator, bounds)


def read_period(field: str, value: object) -> int:
    """The seconds of a period that divides a day and is made of evaluation intervals."""
    shortest_s = EVALUATION_INTERVALS_S[0]
    period_s = integer(field, value, shortest_s, MAX_PERIOD_S)
    if period_s % shortest_s or DAY_S % period_s:
        raise RuleError(field, f"{period_s}: seconds, a multiple of {shortest_s} that divides a day")
    return period_s


def read_datapoints(field: str, value: object, period_s: int | None) -> DatapointsToAlarm:
    """M of N, or one number for both."""
    match = _DATAPOINTS.fullmatch(value) if isinstance(value, str) else None
    if match:
        needed, out_of = int(match[1]), int(match[2])
    elif isinstance(value, str):
        raise RuleError(
            field, f"{shown(value)}: `<needed> of <last>`, such as `3 of 5`, or one number for both"
        )
    else:
        needed = out_of = integer(field, value, 1, MOST_DATAPOINTS)
    if not 1 <= needed <= out_of <= MOST_DATAPOINTS or out_of * (period_s or 1) > DAY_S:
        raise RuleError(
            field,
            f"{needed} of {out_of}: 1 or more, not more than it is out of, at most {MOST_DATAPOINTS} and one day",
        )
    return DatapointsToAlarm(needed, out_of)


def default_missing_data(statistic: Statistic | None) -> MissingData:
    """The policy of a rule that names none."""
    adds_up = statistic is not None and statistic.is_zero_without_points
    return MissingData.ZERO if adds_up else MissingData.IGNORE


def read_missing_data(field: str, value: object, statistic: Statistic | None) -> MissingData:
    """The policy that is named, if the statistic has a value for it."""
    policy = choice(MissingData)(field, value)
    if policy is MissingData.ZERO and statistic is not None and not statistic.is_zero_without_points:
        raise RuleError(field, f"'zero' is for count and sum: {statistic} of no points is not 0")
    return policy


def read_recovery(field: str, value: object, condition: Condition | None, period_s: int | None) -> Recovery:
    """The end of an alert: by default, one period in which the condition does not hold."""
    if not isinstance(value, Mapping):
        raise RuleError(field, f"{shown(value)}: a mapping with threshold, datapoints or both")
    fields = Fields(value, f"{field}.")
    fields.expect_only(("threshold", "datapoints"))
    most = min(MOST_DATAPOINTS, DAY_S // (period_s or 1))
    datapoints = fields.read("datapoints", lambda name, item: integer(name, item, 1, most), 1)
    if "threshold" in value:
        condition = fields.read("threshold", partial(_read_recovery_condition, condition=condition))
    fields.finish()
    return Recovery(cast("Condition", condition), datapoints)


def read_renotify(field: str, value: object) -> int:
    """The seconds between reminders, or 0 for none."""
    seconds = integer(field, value, 0, MOST_RENOTIFY_S)
    if 0 < seconds < LEAST_RENOTIFY_S:
        raise RuleError(field, f"{seconds}: seconds, {LEAST_RENOTIFY_S} to {MOST_RENOTIFY_S}, or 0 for never")
    return seconds


def read_hold(field: str, value: object) -> int:
    """The seconds for which an alert is held behind its last period that breached or was missing, or 0."""
    try:
        return integer(field, value, 0, MOST_HOLD_S)
    except RuleError as error:
        raise RuleError(field, f"{error.message}, seconds, at most a week") from error


def read_messages_per_hour(field: str, value: object) -> int:
    """The most messages in an hour, or 0 for no cap."""
    try:
        return integer(field, value, 0, MOST_MESSAGES)
    except RuleError as error:
        raise RuleError(field, f"{error.message}; 0 is no cap") from error


def least_forget_after_s(missing_data: MissingData, datapoints: int, period_s: int) -> int:
    """The seconds without points in which the last so many datapoints may still decide, and late ones come."""
    if missing_data is MissingData.IGNORE:
        looks_back_s = max(2 * datapoints * period_s, HOUR_S)
    else:
        # One more: the period at whose end the last of them decides must not be the one that forgets.
        looks_back_s = (datapoints + 1) * period_s
    return looks_back_s + ALLOWED_LATENESS_S


def read_forget_after(field: str, value: object, least_s: int) -> int:
    """The seconds, never less than the rule looks back and points may be late: it would forget what it waits for."""
    try:
        return integer(field, value, least_s, MOST_FORGET_AFTER_S)
    except RuleError as error:
        raise RuleError(
            field, f"{error.message}, seconds; so long the rule looks back, for late points too"
        ) from error


def _read_bounds(field: str, value: object, operator: Operator | None) -> tuple[float, ...]:
    listed = isinstance(value, list | tuple)
    if not (listed if operator is None else operator.is_range):
        return (number(field, value),)
    if not isinstance(value, list | tuple) or len(value) != 2:
        taker = "inside and outside take" if operator is None else f"`{operator}` takes"
        raise RuleError(field, f"{shown(value)}: {taker} a list of two numbers, the lower first")
    low, high = number(field, value[0]), number(field, value[1])
    if low > high:
        raise RuleError(field, f"{shown(value)}: the lower number comes first")
    return low, high


def _read_recovery_condition(field: str, value: object, condition: Condition | None) -> Condition:
    operator = None if condition is None else condition.operator
    bounds = _read_bounds(field, value, operator)
    if condition is not None and not _is_harder_to_leave(condition.operator, condition.bounds, bounds):
        raise RuleError(
            field,
            f"{shown(value)}: not on the healthy side of `{condition}`; what breaches cannot be recovered",
        )
    return cast("Condition", None) if operator is None else Condition(operator, bounds)


def _is_harder_to_leave(operator: Operator, bounds: tuple[float, ...], recovery: tuple[float, ...]) -> bool:
    """True if every value that breaches also keeps the alert from recovering."""
    match operator:
        case Operator.GREATER | Operator.GREATER_EQUAL:
            return recovery[0] <= bounds[0]
        case Operator.LESS | Operator.LESS_EQUAL:
            return recovery[0] >= bounds[0]
        case Operator.EQUAL | Operator.NOT_EQUAL:
            return recovery == bounds
        case Operator.INSIDE:
            return recovery[0] <= bounds[0] and recovery[1] >= bounds[1]
        case Operator.OUTSIDE:
            return recovery[0] >= bounds[0] and recovery[1] <= bounds[1]
