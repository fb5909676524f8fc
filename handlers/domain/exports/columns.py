"""The columns of the two datasets, as they follow from the dimensions that points have by now."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from handlers import lake
from handlers.vocabulary import AGGREGATES, DATASETS, FIXED_COLUMNS, LAKE, MEASURES, METRICS, TIMESTREAM

# Columns that a dataset has besides those whose names no dimension can have.
_TAKEN = {AGGREGATES: frozenset(name for name, _ in MEASURES), lake.POINTS: lake.TAKEN}
# Of such a name the column tells how it was spelled: what stood between two words is one, two or three underscores.
_SIMPLE = re.compile(r"_?[a-z0-9]+([_.-][a-z0-9]+)*", re.ASCII)


class Column(NamedTuple):
    """A column as the catalog has it, and the dimension that is in it, if it is one's."""

    name: str
    type: str
    dimension: str = ""


@dataclass(frozen=True)
class Layout:
    """The columns of points: the clients' dimensions in order, and `written` if there ever was a point.

    `kind` is that of the store, which may have datasets and columns of its own.
    """

    dimensions: tuple[str, ...]
    written: bool
    kind: str = TIMESTREAM

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of an hour; the lake has the versions of points that lost, too."""
        return (*DATASETS, lake.REPLACED) if self.kind == LAKE else DATASETS

    def catalog(self, dataset: str) -> tuple[Column, ...]:
        """The dataset's columns for the catalog: ours, then the dimensions, all of one type.

        Fixed ones first and texts after them: where a reader goes by position, a table that has more dimensions than an
        old partition still agrees with it.
        """
        fixed = (lake.COLUMNS if self.kind == LAKE else FIXED_COLUMNS)[dataset]
        named = (Column(self.column(dataset, name), "string", name) for name in self.dimensions)
        return (*starmap(Column, fixed), *(() if dataset == lake.REPLACED else named))

    def column(self, dataset: str, dimension: str) -> str:
        """The column of a dimension; where the lake's view reads points it has the view's name."""
        return column_name(lake.POINTS if (self.kind, dataset) == (LAKE, METRICS) else dataset, dimension)


def column_name(dataset: str, dimension: str) -> str:
    """The column of a dimension: its name in small letters, with `__` for `.` and `___` for `-`.

    Athena takes letters, digits and underscores, and folds case: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
    It follows from the dimension's name alone, so it never changes, whatever other dimensions come, and no two have the
    same: where underscores would leave open how the name was spelled it is `export_<checksum>_…`, and where the
    dataset, an aggregate or the lake's `points`, has that column, `export_…`; no dimension can be called `export_…`.
    """
    name = dimension.lower()
    column = name.replace(".", "__").replace("-", "___")
    if not _SIMPLE.fullmatch(name):
        return f"export_{zlib.crc32(name.encode()):08x}_{column}"
    return f"export_{column}" if column in _TAKEN.get(dataset, ()) else column


def new_columns(existing: Sequence[Column], wanted: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that a catalog table lacks of those that are wanted; none is ever removed."""
    known = {column.name.lower() for column in existing}
    return tuple(column for column in wanted if column.name not in known)
