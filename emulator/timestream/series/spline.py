"""The natural cubic spline through a series' points: twice continuously differentiable, without curvature at its ends.

AWS does not say which cubic spline it takes; this is the one of Apache Commons Math. Times count in seconds.
"""

from emulator.timestream.series.sql_lists import let


def on_spline(before: str, after: str) -> str:
    """The SQL of the spline's value at the time `w.t` between two neighbours, with the curvatures in `c.m`."""
    width = f"(({after}.f0 - {before}.f0) / 1e9::DOUBLE)"
    left = f"(({after}.f0 - w.t) / 1e9::DOUBLE / k.h)"
    right = f"((w.t - {before}.f0) / 1e9::DOUBLE / k.h)"
    bend = "(pow(q.a, 3) - q.a) * list_extract(c.m, w.p) + (pow(q.b, 3) - q.b) * list_extract(c.m, w.p + 1)"
    value = f"q.a * {before}.f1 + q.b * {after}.f1 + ({bend}) * k.h * k.h / 6"
    return let({"h": width}, "k", let({"a": left, "b": right}, "q", value))


def curvatures(points: str) -> str:
    """The SQL of the spline's second derivative at each point: Thomas's algorithm, down the rows and up again."""

    def at(offset: int) -> str:
        return f"list_extract({points}, i + {offset})"

    def width(offset: int) -> str:
        return f"(({at(offset + 1)}.f0 - {at(offset)}.f0) / 1e9::DOUBLE)"

    def slope(offset: int) -> str:
        return f"(({at(offset + 1)}.f1 - {at(offset)}.f1) / {width(offset)})"

    sides = f"'a': {width(0)}, 'b': 2 * ({width(0)} + {width(1)}), 'c': {width(1)}"
    row = f"{{{sides}, 'd': 6 * ({slope(1)} - {slope(0)})}}"
    rows = f"list_transform(generate_series(1, len({points}) - 2), lambda i: {row})"
    pair, none = "STRUCT(c DOUBLE, d DOUBLE)", "CAST(0 AS DOUBLE)"
    down = _folded(
        rows,
        f"CAST([] AS {pair}[])",
        {"c": none, "d": none},
        {
            "c": "x.r.c / (x.r.b - x.r.a * z.c)",
            "d": "(x.r.d - x.r.a * z.d) / (x.r.b - x.r.a * z.c)",
        },
        "{'c': n.c, 'd': n.d}",
    )
    up = _folded(
        f"list_reverse({down})", "CAST([] AS DOUBLE[])", {"m": none}, {"m": "x.r.d - x.r.c * z.m"}, "n.m"
    )
    return f"list_concat([{none}], list_reverse({up}), [{none}])"


def _folded(items: str, empty: str, start: dict[str, str], step: dict[str, str], kept: str) -> str:
    """The SQL of a list with one element for each item `x.r`, made from the item and what came of the one before, `z`.

    DuckDB's list_reduce wants items and state of one type, so that each has all fields.
    """
    fields = ", ".join(f"'{key}': {sql}" for key, sql in start.items())
    before = f"list_transform({items}, lambda r: {{'o': {empty}, 'r': r, {fields}}})"
    first = f"{{'o': {empty}, 'r': NULL, {fields}}}"
    after = ", ".join(f"'{key}': n.{key}" for key in step)
    state = let(step, "n", f"{{'o': list_append(z.o, {kept}), 'r': x.r, {after}}}")
    return f"list_reduce({before}, lambda z, x: {state}, {first}).o"
