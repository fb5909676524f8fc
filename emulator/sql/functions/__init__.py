"""The functions whose meaning is known; every other name is refused."""

from emulator.sql.call import Call
from emulator.sql.functions import (
    aggregates,
    arrays,
    conditional,
    formats,
    numbers,
    regex,
    strings,
    times,
    windows,
)
from emulator.sql.typed import Typed

_SCALAR = {
    **arrays.FUNCTIONS,
    **conditional.FUNCTIONS,
    **formats.FUNCTIONS,
    **numbers.FUNCTIONS,
    **regex.FUNCTIONS,
    **strings.FUNCTIONS,
    **times.FUNCTIONS,
}


def bind_call(call: Call) -> Typed:
    """A call bound; ValidationException that names the function when it is not known."""
    if call.name in aggregates.FUNCTIONS:
        return aggregates.bind(call)
    if call.name in windows.FUNCTIONS:
        return windows.bind(call)
    function = _SCALAR.get(call.name)
    if function is None:
        raise call.refuse(f"Function '{call.name}' is not registered or not supported")
    if call.window is not None or call.condition is not None or call.distinct or call.order or call.star:
        raise call.refuse(f"{call.name} is not an aggregate or window function")
    if call.ignore_nulls:
        raise call.refuse(f"IGNORE NULLS is not supported with {call.name}")
    return function(call)
