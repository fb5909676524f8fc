"""The functions whose meaning is known, by name; every other name is refused.

Each module has a table FUNCTIONS at its end. A function that only one service has stands in that service's dialect.
"""

from collections.abc import Mapping

from sqlglot import exp

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
    trying,
    windows,
)
from emulator.sql.functions.documented import is_documented
from emulator.sql.placement import refuse_aggregates, refuse_in_clause, refuse_windows

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
    **trying.FUNCTIONS,
}


def is_aggregate(name: str, of_dialect: Mapping[str, Aggregate]) -> bool:
    """True if a function of this name makes one value of many rows."""
    return name.lower() in AGGREGATES or name.lower() in of_dialect


def bind_function_call(call: Call, of_dialect: Mapping[str, Function]) -> BoundExpression:
    """A call bound; the error for a name says if it is Trino's, or none's."""
    aggregate = AGGREGATES.get(call.name) or call.binder.dialect.aggregates.get(call.name)
    if aggregate is not None:
        _check_nesting(call)
        return aggregates.bind(call, aggregate)
    if call.name in windows.FUNCTIONS:
        _check_nesting(call)
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


def is_aggregate_call(node: exp.Expression, of_dialect: Mapping[str, Aggregate]) -> bool:
    """True if a node is the call of an aggregate."""
    return isinstance(node, exp.Anonymous) and is_aggregate(str(node.this), of_dialect)


def _check_nesting(call: Call) -> None:
    """Refuse aggregates and window functions in the arguments of one."""
    if call.scope.lambdas:
        what = "aggregations, window functions or grouping operations"
        raise call.refuse(f"Lambda expression cannot contain {what}")
    of_dialect = call.binder.dialect.aggregates
    given, window = [*call.nodes, *call.order], call.window
    kind = "aggregation" if window is None else "window function"
    if window is not None:
        order = window.args.get("order")
        given += [*(window.args.get("partition_by") or ()), *(order.expressions if order is not None else ())]
    nested = f"Cannot nest window functions or row pattern measures inside {kind} '{call.name}'"
    refuse_windows(call.binder, given, nested)
    if window is None:
        nested = f"Cannot nest aggregations inside aggregation '{call.name}'"
        refuse_aggregates(call.binder, given, nested, lambda node: is_aggregate_call(node, of_dialect))
    if call.condition is not None:
        refuse_in_clause(
            call.binder, call.condition, "FILTER clause", lambda node: is_aggregate_call(node, of_dialect)
        )
