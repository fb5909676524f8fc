"""OVER (…): partitions, order and frames."""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql.call import Call
from emulator.sql.coercion import coerce
from emulator.sql.types import BIGINT, DAY_TO_SECOND, WHOLE


def over(call: Call) -> str:
    """The SQL of a call's OVER clause."""
    window = call.window
    if window is None:
        raise call.refuse(f"Window function {call.name} requires OVER")
    call.binder.only(window, "this", "partition_by", "order", "spec", "over")
    parts = []
    if window.args.get("partition_by"):
        keys = call.binder.each(window.args["partition_by"], call.scope)
        parts.append(f"PARTITION BY {', '.join(key.sql for key in keys)}")
    order = window.args.get("order")
    if order is not None:
        parts.append(f"ORDER BY {sorting(call, order.expressions)}")
    if window.args.get("spec") is not None:
        parts.append(_frame(call, window.args["spec"]))
    return f" OVER ({' '.join(parts)})"


def sorting(call: Call, items: Sequence[exp.Expression]) -> str:
    """The SQL of sort keys inside a call; NULLs come last unless it says otherwise."""
    keys = []
    for item in items:
        call.binder.only(item, "this", "desc", "nulls_first")
        value = call.binder.bind(item.this, call.scope)
        direction = "DESC" if item.args.get("desc") else "ASC"
        keys.append(f"({value.sql}) {direction} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}")
    return ", ".join(keys)


def _frame(call: Call, spec: exp.Expression) -> str:
    call.binder.only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE"):
        raise call.refuse(f"{kind} frames are not supported")
    start = _bound(call, spec, "start", kind)
    end = _bound(call, spec, "end", kind) if spec.args.get("end") else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(call: Call, spec: exp.Expression, which: str, kind: str) -> str:
    value, side = spec.args[which], str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(value, str):
        return f"{value} {side}".strip()
    bound = call.binder.bind(value, call.scope)
    if kind == "RANGE" and bound.type is DAY_TO_SECOND:
        return f"{bound.sql} {side}"
    number = coerce(bound, BIGINT) if bound.type in WHOLE else None
    if number is None or not isinstance(bound.value, int):
        raise call.refuse("Window frame offset must be a whole number or an interval")
    return f"{number.sql} {side}"
