"""The functions whose meaning is known, by name; every other name is refused.

Each module has a table FUNCTIONS at its end. A function that only one service has stands in that service's dialect.
"""

from collections.abc import Mapping

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Aggregate, Call, Function
from emulator.sql.functions import (
    aggregates,
    array_parts,
    array_sets,
    arrays,
    bits,
    conditional,
    distances,
    formats,
    json_texts,
    lambdas,
    numbers,
    ordered,
    percentiles,
    regex,
    sequences,
    strings,
    times,
    windows,
)
from emulator.sql.functions.documented import is_documented

AGGREGATES: Mapping[str, Aggregate] = {**aggregates.FUNCTIONS, **ordered.FUNCTIONS, **percentiles.FUNCTIONS}
SCALAR_FUNCTIONS: Mapping[str, Function] = {
    **arrays.FUNCTIONS,
    **array_parts.FUNCTIONS,
    **array_sets.FUNCTIONS,
    **bits.FUNCTIONS,
    **conditional.FUNCTIONS,
    **distances.FUNCTIONS,
    **formats.FUNCTIONS,
    **json_texts.FUNCTIONS,
    **lambdas.FUNCTIONS,
    **numbers.FUNCTIONS,
    **regex.FUNCTIONS,
    **sequences.FUNCTIONS,
    **strings.FUNCTIONS,
    **times.FUNCTIONS,
}


def is_aggregate(name: str, of_dialect: Mapping[str, Aggregate]) -> bool:
    """True if a function of this name makes one value of many rows."""
    return name.lower() in AGGREGATES or name.lower() in of_dialect


def bind_function_call(call: Call, of_dialect: Mapping[str, Function]) -> BoundExpression:
    """A call bound; the error for a name says if it is Trino's, or none's."""
    aggregate = AGGREGATES.get(call.name) or call.binder.dialect.aggregates.get(call.name)
    if aggregate is not None:
        return aggregates.bind(call, aggregate)
    if call.name in windows.FUNCTIONS:
        return windows.bind(call)
    function = of_dialect.get(call.name) or SCALAR_FUNCTIONS.get(call.name)
    if function is None:
        if is_documented(call.name):
            raise call.lacks(f"the function {call.name}")
        raise call.refuse(f"Function '{call.name}' not registered")
    if call.window is not None or call.condition is not None or call.distinct or call.order or call.star:
        raise call.refuse(f"{call.name} is not an aggregate or window function")
    if call.ignore_nulls:
        raise call.refuse(f"{call.name} is no window function: it takes no IGNORE NULLS")
    return function(call)
