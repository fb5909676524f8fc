"""Functions that exist only over a window; and OVER (…): partitions, order and frames."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from emulator.sql.bound import BoundExpression
from emulator.sql.call import Call
from emulator.sql.coercion import coerce, unify
from emulator.sql.types import BIGINT, DAY_TO_SECOND, DOUBLE, WHOLE, Type


def bind(call: Call) -> BoundExpression:
    """A window function call bound."""
    if call.condition is not None or call.distinct or call.order or call.star:
        raise call.refuse(f"{call.name} is no aggregate function: it takes no FILTER, DISTINCT or ORDER BY")
    if call.ignore_nulls and call.name not in ("lag", "lead", "first_value", "last_value", "nth_value"):
        raise call.refuse(f"Cannot specify null treatment clause for {call.name} function")
    sql, kind = FUNCTIONS[call.name](call)
    return BoundExpression(f"({sql}{over(call)})", kind, nan=kind is DOUBLE)


def _rank(kind: Type) -> Callable[[Call], tuple[str, Type]]:
    def bind_rank(call: Call) -> tuple[str, Type]:
        call.take()
        return f"{call.name}()", kind

    return bind_rank


def _ntile(call: Call) -> tuple[str, Type]:
    (count,) = call.take(BIGINT)
    if not isinstance(count.value, int):
        raise call.lacks("ntile of a number that is no literal")
    if count.value < 1:
        raise call.refuse("Buckets must be greater than 0")
    return f"ntile({count.sql})", BIGINT


def _nulls(call: Call) -> str:
    return " IGNORE NULLS" if call.ignore_nulls else ""


def _offset(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if not 1 <= len(arguments) <= 3:
        raise call.mismatch(arguments)
    distance = coerce(arguments[1], BIGINT) if len(arguments) > 1 else None
    if len(arguments) > 1 and distance is None:
        raise call.mismatch(arguments)
    if len(arguments) > 1 and isinstance(arguments[1].value, int) and arguments[1].value < 0:
        raise call.refuse("Offset must be at least 0")
    parts = [arguments[0]]
    if len(arguments) == 3:
        both = unify([arguments[0], arguments[2]])
        if both is None:
            raise call.mismatch(arguments)
        parts = both
    spelled = [parts[0].sql, *([distance.sql] if distance else []), *(p.sql for p in parts[1:])]
    return f"{call.name}({', '.join(spelled)}{_nulls(call)})", parts[0].type


def _value(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if len(arguments) != 1:
        raise call.mismatch(arguments)
    return f"{call.name}({arguments[0].sql}{_nulls(call)})", arguments[0].type


def _nth(call: Call) -> tuple[str, Type]:
    arguments = call.arguments()
    if len(arguments) != 2 or arguments[1].type not in WHOLE:
        raise call.mismatch(arguments)
    if not isinstance(arguments[1].value, int):
        raise call.lacks("nth_value of a position that is no literal")
    if arguments[1].value < 1:
        raise call.refuse("Offset must be at least 1")
    return f"nth_value({arguments[0].sql}, {arguments[1].sql}{_nulls(call)})", arguments[0].type


def over(call: Call) -> str:
    """The SQL of a call's OVER clause."""
    window = call.window
    if window is None:
        raise call.refuse(f"Window function {call.name} requires OVER")
    call.binder.only(window, "this", "partition_by", "order", "spec", "over")
    parts = []
    if window.args.get("partition_by"):
        keys = call.binder.each(window.args["partition_by"], call.scope)
        _check_keys(call, keys, "PARTITION BY")
        parts.append(f"PARTITION BY {', '.join(key.sql for key in keys)}")
    order = window.args.get("order")
    if order is not None:
        parts.append(f"ORDER BY {sorting(call, order.expressions)}")
    if window.args.get("spec") is not None:
        parts.append(_frame(call, window.args["spec"]))
    return f" OVER ({' '.join(parts)})"


def _check_keys(call: Call, keys: Sequence[BoundExpression], clause: str) -> None:
    """DuckDB takes no key of a window that may fail: of an array's element, for one."""
    if any("error(" in key.sql for key in keys):
        raise call.lacks(f"{clause} in a window by what may fail; make it a column of a subquery")


def sorting(call: Call, items: Sequence[exp.Expression]) -> str:
    """The SQL of sort keys inside a call; NULLs come last unless it says otherwise."""
    keys = []
    for item in items:
        call.binder.only(item, "this", "desc", "nulls_first")
        value = call.binder.bind(item.this, call.scope)
        if value.type.name == "TIMESERIES":
            raise call.refuse(f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY")
        if call.window is not None:
            _check_keys(call, [value], "ORDER BY")
        direction = "DESC" if item.args.get("desc") else "ASC"
        keys.append(f"({value.sql}) {direction} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}")
    return ", ".join(keys)


def _frame(call: Call, spec: exp.Expression) -> str:
    call.binder.only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE"):
        raise call.lacks(f"{kind} frames")
    _check_bounds(call, spec)
    start = _bound(call, spec, "start", kind)
    end = _bound(call, spec, "end", kind) if spec.args.get("end") else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {end}"


def _check_bounds(call: Call, spec: exp.Expression) -> None:
    """Refuse a frame that ends before it starts."""
    start, end = (_place(spec, which) for which in ("start", "end"))
    if start == "UNBOUNDED FOLLOWING":
        raise call.refuse("Window frame start cannot be UNBOUNDED FOLLOWING")
    if end == "UNBOUNDED PRECEDING":
        raise call.refuse("Window frame end cannot be UNBOUNDED PRECEDING")
    order = ("UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING")
    if order.index(end) < order.index(start):
        raise call.refuse(f"Window frame starting from {start} cannot end with {end}")


def _place(spec: exp.Expression, which: str) -> str:
    value, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or "")
    if value is None:
        return "CURRENT ROW"
    return f"{value} {side}".strip() if isinstance(value, str) else side


def _bound(call: Call, spec: exp.Expression, which: str, kind: str) -> str:
    value, side = spec.args[which], str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(value, str):
        return f"{value} {side}".strip()
    bound = call.binder.bind(value, call.scope)
    if kind == "RANGE" and bound.type is DAY_TO_SECOND:
        return f"{bound.sql} {side}"
    number = coerce(bound, BIGINT) if bound.type in WHOLE else None
    if number is None or not isinstance(bound.value, int):
        raise call.lacks("window frames whose offset is no whole number and no interval")
    if bound.value < 0:
        raise call.refuse("Window frame offset value must not be negative or null")
    return f"{number.sql} {side}"


FUNCTIONS: dict[str, Callable[[Call], tuple[str, Type]]] = {
    **dict.fromkeys(("row_number", "rank", "dense_rank"), _rank(BIGINT)),
    **dict.fromkeys(("percent_rank", "cume_dist"), _rank(DOUBLE)),
    "ntile": _ntile,
    "lag": _offset,
    "lead": _offset,
    "first_value": _value,
    "last_value": _value,
    "nth_value": _nth,
}
