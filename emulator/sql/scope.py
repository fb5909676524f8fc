"""The columns that names mean at a place in a query."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.sql.bound import BoundExpression

if TYPE_CHECKING:
    from emulator.sql.partitions import Keys


@dataclass(frozen=True)
class Field:
    """A column that can be named: `table` is what may stand before its name, outermost first.

    `keys` are those of `partitions`. A hidden column is there for those who name it.
    """

    name: str | None
    value: BoundExpression
    table: tuple[str, ...] = ()
    origin: tuple[str, str] | None = None
    hidden: bool = False
    keys: "Keys" = field(default_factory=dict)


class Ambiguous(Exception):  # noqa: N818 - says what the name is; never leaves this package
    """A name that fits more than one column."""


@dataclass(frozen=True)
class Scope:
    """The columns of a FROM clause, and those of the query around it; or the parameters of one of so many lambdas."""

    fields: Sequence[Field] = ()
    parent: "Scope | None" = None
    pushdown: bool = False
    lambdas: int = 0

    def find(self, parts: Sequence[str], *, quoted: bool) -> Field | None:
        """The column a possibly qualified name means, looking outwards; None if there is none."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.local(parts, quoted=quoted)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def local(self, parts: Sequence[str], *, quoted: bool) -> Field | None:
        """The column of this very scope that a name means.

        Names differ by case in the store. A quoted name prefers the column spelled the same; an unquoted one that
        fits two columns is ambiguous.
        """
        *table, column = parts
        folded = column.lower()
        fits = [
            f
            for f in self.fields
            if f.name is not None and f.name.lower() == folded and qualifies(f.table, table)
        ]
        if any(not f.hidden for f in fits):
            fits = [f for f in fits if not f.hidden]
        if quoted and len(fits) > 1:
            fits = [f for f in fits if f.name == column] or fits
        if len(fits) > 1:
            raise Ambiguous
        return fits[0] if fits else None


def qualifies(table: Sequence[str], given: Sequence[str]) -> bool:
    """True if what stands before a column's name fits its table: nothing, the table, or database and table."""
    return not given or [part.lower() for part in table[-len(given) :]] == [part.lower() for part in given]
