"""Arrays and rows: how they are written, and how their parts are reached."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.sql.scope import Scope
from emulator.sql.typed import Typed, coerce, unify
from emulator.sql.types import BIGINT, UNKNOWN, array

if TYPE_CHECKING:
    from emulator.sql.expression import Expressions


def array_literal(binder: "Expressions", node: exp.Expression, scope: Scope) -> Typed:
    """Bind ARRAY[…]."""
    items = binder.each(node.expressions, scope)
    unified = unify(items)
    if unified is None:
        raise binder.refuse("All ARRAY elements must be the same type", node)
    kind = unified[0].type if unified else UNKNOWN
    return Typed(f"[{', '.join(item.sql for item in unified)}]", array(kind), nan=True)


def subscript(binder: "Expressions", node: exp.Expression, scope: Scope) -> Typed:
    """Bind array[n]: positions start at 1, and one that is not there is an error."""
    binder.only(node, "this", "expressions", "offset", "safe")
    if len(node.expressions) != 1:
        raise binder.refuse("One subscript is expected", node)
    owner, index = binder.bind(node.this, scope), coerce(binder.bind(node.expressions[0], scope), BIGINT)
    if owner.type.name != "ARRAY" or index is None:
        raise binder.refuse(f"Cannot use [] on {owner.type}", node)
    length = f"len({owner.sql})"
    sql = (
        f"(CASE WHEN {index.sql} < 1 THEN error('Array subscript must be greater than 0')"
        f" WHEN {index.sql} > {length} THEN error('Array subscript is out of bounds')"
        f" ELSE list_extract({owner.sql}, {index.sql}) END)"
    )
    return Typed(sql, owner.type.of[0], nan=True)


def fields(binder: "Expressions", node: exp.Expression, owner: Typed, names: Sequence[str]) -> Typed:
    """A field of a row, or of a row within it."""
    for field_name in names:
        known = [name.lower() if name else None for name in owner.type.fields]
        if owner.type.name != "ROW" or known.count(field_name.lower()) != 1:
            raise binder.refuse(f"{owner.type} has no field '{field_name}'", node)
        index = known.index(field_name.lower())
        owner = Typed(f"{owner.sql}.f{index}", owner.type.of[index], nan=True)
    return owner
