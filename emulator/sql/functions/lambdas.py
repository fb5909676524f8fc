"""FILTER, TRANSFORM and REDUCE, over arrays and time series."""

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call, Function
from emulator.sql.coercion import coerce
from emulator.sql.lambdas import bind_lambda, is_lambda, variables
from emulator.sql.types import BOOLEAN, Type, array, elements


def _items(call: Call, functions: int, more: int = 0) -> tuple[BoundExpression, Type]:
    """The array or series that is the first argument, and the type of its elements."""
    given = len(call.nodes) == 1 + functions + more and not is_lambda(call.nodes[0])
    items = call.binder.bind(call.nodes[0], call.scope) if given else None
    element = elements(items.type) if items is not None else None
    if items is None or element is None:
        kinds = [
            "function" if is_lambda(n) else str(call.binder.bind(n, call.scope).type) for n in call.nodes
        ]
        raise call.refuse(f"Unexpected parameters ({', '.join(kinds)}) for function {call.name}")
    return items, element


def _filter(call: Call) -> BoundExpression:
    """The elements for which the function is true."""
    items, element = _items(call, 1)
    (variable,) = variables(call, 1)
    kept = coerce(bind_lambda(call, call.nodes[1], [(variable, element)]), BOOLEAN)
    if kept is None:
        raise call.refuse("The function of filter must be a boolean")
    return BoundExpression(f"list_filter({items.sql}, lambda {variable}: {kept.sql})", items.type)


def _transform(call: Call) -> BoundExpression:
    """The array of the function's results, one for each element."""
    items, element = _items(call, 1)
    (variable,) = variables(call, 1)
    value = bind_lambda(call, call.nodes[1], [(variable, element)])
    return BoundExpression(f"list_transform({items.sql}, lambda {variable}: {value.sql})", array(value.type))


def _reduce(call: Call) -> BoundExpression:
    """The last state of a function that changes one for each element in turn, finished by another function.

    DuckDB's list_reduce wants state and elements of one type, so that each is a pair of both.
    """
    items, element = _items(call, 2, more=1)
    start = call.binder.bind(call.nodes[1], call.scope)
    before, each = variables(call, 2)
    state = start.type
    step = coerce(bind_lambda(call, call.nodes[2], [(f"{before}.s", state), (f"{each}.x", element)]), state)
    if step is None:
        raise call.refuse(f"The function of reduce must make a {state} of a {state} and a {element}")
    (last,) = variables(call, 1)
    result = bind_lambda(call, call.nodes[3], [(last, state)])
    none = {"s": f"CAST(NULL AS {state.duck})", "x": f"CAST(NULL AS {element.duck})"}
    pairs = f"list_transform({items.sql}, lambda {each}: {{'s': {none['s']}, 'x': {each}}})"
    changed = f"{{'s': CAST({step.sql} AS {state.duck}), 'x': {each}.x}}"
    first = f"{{'s': CAST({start.sql} AS {state.duck}), 'x': {none['x']}}}"
    reduced = f"list_reduce({pairs}, lambda {before}, {each}: {changed}, {first}).s"
    sql = f"list_extract(list_transform([{reduced}], lambda {last}: {result.sql}), 1)"
    return BoundExpression(f"(CASE WHEN {items.sql} IS NOT NULL THEN {sql} END)", result.type, nan=True)


FUNCTIONS: dict[str, Function] = {"filter": _filter, "transform": _transform, "reduce": _reduce}
