"""CREATE_TIME_SERIES: the times and values of rows as one series."""

from collections.abc import Mapping

from emulator.sql.call import Aggregate, Call
from emulator.sql.coercion import coerce, structure
from emulator.sql.types import TIMESTAMP, UNKNOWN, Type, series


def _create(call: Call) -> tuple[str, Type, str]:
    """Points sorted by time; without rows NULL. Times and values must not be NULL."""
    arguments = call.arguments()
    time = coerce(arguments[0], TIMESTAMP) if len(arguments) == 2 and not call.distinct else None
    if time is None or arguments[1].type is UNKNOWN:
        raise call.mismatch(arguments)
    value = arguments[1]
    return f"list({structure([time, value])} ORDER BY {time.sql})", series(value.type), _COMPLETE


_MISSING = "len(list_filter(s, lambda x: x.f0 IS NULL OR x.f1 IS NULL)) > 0"
_FAILED = "error('Time and value of create_time_series must not be NULL')"
# Looked at when the series is whole: what FILTER leaves out is not looked at.
_COMPLETE = (
    f"list_extract(list_transform([{{}}], lambda s: CASE WHEN {_MISSING} THEN {_FAILED} ELSE s END), 1)"
)

AGGREGATES: Mapping[str, Aggregate] = {"create_time_series": _create}
