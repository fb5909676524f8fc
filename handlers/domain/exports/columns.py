"""The columns of the two datasets, as they follow from the dimensions that the table has by now."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from handlers.domain.errors import ConfigurationError
from handlers.vocabulary import AGGREGATES, FIXED_COLUMNS, MEASURES

# What a measure of a series' minute is, over `value`.
EXPRESSIONS = {
    "count": 'count("value")',
    "sum": 'sum("value")',
    "min": 'min("value")',
    "max": 'max("value")',
    "avg": 'avg("value")',
    "p50": 'approx_percentile("value", 0.5)',
    "p90": 'approx_percentile("value", 0.9)',
    "p99": 'approx_percentile("value", 0.99)',
}
_OURS = ("metric_name", "metric_type")
_TAKEN = frozenset(name for name, _ in MEASURES)


class Column(NamedTuple):
    """A column as the catalog has it."""

    name: str
    type: str


@dataclass(frozen=True)
class Layout:
    """What the table has: the clients' dimensions in order, and whether any point was ever written."""

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


def read_description(rows: Sequence[Sequence[str]]) -> Layout:
    """The layout that DESCRIBE's rows (column, type, kind) tell of.

    `ConfigurationError` if the table is not one of points: then nothing that is exported would be what it says.
    """
    dimensions = sorted(row[0] for row in rows if row[2].upper() == "DIMENSION" and row[0] not in _OURS)
    value = next((row for row in rows if row[0] == "value"), None)
    if value is None:
        return Layout(tuple(dimensions), written=False)
    if value[1].lower() != "double" or value[2].upper() == "DIMENSION":
        raise ConfigurationError(
            f"the table's column value is a {value[1]} ({value[2]}), not the measure of points"
        )
    return Layout(tuple(dimensions), written=True)


def new_columns(existing: Sequence[Column], wanted: Sequence[Column]) -> tuple[Column, ...]:
    """What must be appended to a catalog table's columns so that it has all that are wanted; none is ever removed."""
    known = {column.name.lower() for column in existing}
    return tuple(column for column in wanted if column.name not in known)
