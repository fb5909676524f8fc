"""SEQUENCE: numbers, dates or timestamps from a start to a stop, both included."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce
from emulator.sql.functions.arrays import LONGEST
from emulator.sql.timestamps import DAY
from emulator.sql.types import BIGINT, DATE, DAY_TO_SECOND, TIMESTAMP, YEAR_TO_MONTH, array

_BACKWARDS = (
    "error('sequence stop value should be greater than or equal to start value if step is greater than zero"
    " otherwise stop should be less than or equal to start')"
)
_TOO_LONG = f"error('result of sequence function must not have more than {LONGEST} entries')"


def _sequence(call: Call) -> BoundExpression:
    arguments = call.arguments()
    if len(arguments) not in (2, 3):
        raise call.mismatch(arguments)
    if any(argument.type is YEAR_TO_MONTH for argument in arguments):
        raise call.lacks("sequence with a step of months")
    dated = arguments[0].type is arguments[1].type is DATE
    timed = not dated and len(arguments) == 3 and arguments[2].type is DAY_TO_SECOND
    kind = DATE if dated else TIMESTAMP if timed else BIGINT
    start, stop = coerce(arguments[0], kind), coerce(arguments[1], kind)
    if start is None or stop is None:
        raise call.mismatch(arguments)
    if dated:
        days = _days(call, arguments)
        numbers = _numbers(f"({start.sql} - DATE '1970-01-01')", f"({stop.sql} - DATE '1970-01-01')", days)
        sql = f"list_transform({numbers}, lambda d: DATE '1970-01-01' + CAST(d AS INTEGER))"
        return BoundExpression(sql, array(DATE))
    if len(arguments) == 2:
        step: str | None = f"(CASE WHEN {start.sql} <= {stop.sql} THEN 1 ELSE -1 END)"
    else:
        given = coerce(arguments[2], DAY_TO_SECOND if timed else BIGINT)
        step = given.sql if given else None
    if step is None:
        raise call.mismatch(arguments)
    return BoundExpression(_numbers(start.sql, stop.sql, step), array(kind))


def _days(call: Call, arguments: list[BoundExpression]) -> str:
    """The SQL of a step of whole days."""
    if len(arguments) == 2:
        return f"(CASE WHEN {arguments[0].sql} <= {arguments[1].sql} THEN 1 ELSE -1 END)"
    if arguments[2].type is not DAY_TO_SECOND:
        raise call.mismatch(arguments)
    part = f"{arguments[2].sql} % {DAY} <> 0"
    refusal = "error('sequence step must be a day interval if start and end values are dates')"
    return f"(CASE WHEN {part} THEN {refusal} ELSE {arguments[2].sql} // {DAY} END)"


def _numbers(start: str, stop: str, step: str) -> str:
    """The SQL of a list of whole numbers; NULL where a bound is NULL."""
    backwards = f"{step} = 0 OR ({step} > 0 AND {stop} < {start}) OR ({step} < 0 AND {stop} > {start})"
    return (
        f"(CASE WHEN {backwards} THEN {_BACKWARDS} WHEN ({stop} - {start}) // {step} >= {LONGEST} THEN {_TOO_LONG}"
        f" ELSE generate_series({start}, {stop}, {step}) END)"
    )


FUNCTIONS: dict[str, Function] = {"sequence": _sequence}
