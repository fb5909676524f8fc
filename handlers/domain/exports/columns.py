"""The columns of the two datasets, as they follow from the dimensions that points have by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from handlers.vocabulary import AGGREGATES, FIXED_COLUMNS, MEASURES

_TAKEN = frozenset(name for name, _ in MEASURES)


class Column(NamedTuple):
    """A column as the catalog has it."""

    name: str
    type: str


@dataclass(frozen=True)
class Layout:
    """The columns of points: the clients' dimensions in order, and `written` if there ever was a point."""

    dimensions: tuple[str, ...]
    written: bool

    def catalog(self, dataset: str) -> tuple[Column, ...]:
        """The dataset's columns for the catalog: ours, then the dimensions, all of one type.

        Fixed ones first and texts after them: where a reader goes by position, a table that has more dimensions than an
        old partition still agrees with it.
        """
        named = (Column(exported_name(dataset, name).lower(), "string") for name in self.dimensions)
        return (*starmap(Column, FIXED_COLUMNS[dataset]), *named)


def exported_name(dataset: str, dimension: str) -> str:
    """The column of a dimension: its own name, except where an aggregate has that one.

    No dimension can be called `export_…` (the registry reserves it), so the substitute is always free.
    """
    if dataset == AGGREGATES and dimension.lower() in _TAKEN:
        return f"export_{dimension}"
    return dimension


def new_columns(existing: Sequence[Column], wanted: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that a catalog table lacks of those that are wanted; none is ever removed."""
    known = {column.name.lower() for column in existing}
    return tuple(column for column in wanted if column.name not in known)
