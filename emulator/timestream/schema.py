"""The columns and measure names of one table, growing as records bring new ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from emulator.sql.catalog import Column
from emulator.timestream.records import Identity, Layout

MAX_DIMENSION_NAME = 60
MAX_MEASURE_NAME = 256
MAX_TABLE_DIMENSIONS = 128
MAX_MEASURE_NAMES = 8_192
MAX_RECORD_MEASURES = 256
MAX_MULTI_MEASURES = 1_024

_ORDER: dict[str, int] = {"DIMENSION": 0, "MEASURE_NAME": 1, "TIMESTAMP": 2, "MEASURE_VALUE": 3, "MULTI": 4}
FIXED = (
    Column("measure_name", "VARCHAR", "MEASURE_NAME", "measure_name"),
    Column("time", "TIMESTAMP", "TIMESTAMP", "time", since_1970=True),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure name of a table, as SHOW MEASURES lists it: its type (or MULTI) and the dimensions seen with it."""

    name: str
    type: str
    dimensions: tuple[str, ...]


class LimitError(Exception):
    """A record does not fit the table's limits or types; the text is the reason for its rejection."""


class Schema:
    """Admits new dimensions and measures within AWS's limits, and knows which are not yet in the database.

    `stored` maps a column's name to its column in the base table (`c1`, `c2`, ...).
    """

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.stored: dict[str, str] = {}
        self.measures: dict[str, Measure] = {}
        self.added: list[Column] = []
        self.touched: set[str] = set()
        self._physical = {column.physical for column in FIXED}
        self._counts = {"DIMENSION": 0, "MULTI": 0, "MEASURE_VALUE": 0}

    def restore(self, stored: str, column: Column) -> None:
        """Take over a column that the database has."""
        self.columns[column.name] = column
        self.stored[column.name] = stored
        self._physical.add(column.physical.lower())
        self._counts[column.role] += 1

    def restore_measure(self, name: str, kind: str, dimensions: Iterable[str]) -> None:
        """Take over a measure name that the database has."""
        self.measures[name] = Measure(name, kind, tuple(dimensions))

    def visible(self) -> tuple[Column, ...]:
        """The columns as a query sees them, in AWS's order."""
        return tuple(sorted((*self.columns.values(), *FIXED), key=lambda column: _ORDER[column.role]))

    def listed_measures(self) -> Sequence[Measure]:
        """The measure names, sorted, each with its dimensions in the order in which DESCRIBE has them."""
        order = {name: place for place, name in enumerate(self.columns)}
        return [
            replace(measure, dimensions=tuple(sorted(measure.dimensions, key=order.__getitem__)))
            for _, measure in sorted(self.measures.items())
        ]

    def admit(self, identity: Identity, layout: Layout) -> None:
        """Make room for a record's series and measures, or raise LimitError and change nothing."""
        known = self.measures.get(identity.measure_name)
        self._check_measure_name(identity, known)
        new = self._new_columns([(name, "VARCHAR") for name, _ in identity.dimensions], "DIMENSION")
        role: str = "MULTI" if identity.kind == "MULTI" else "MEASURE_VALUE"
        if role == "MULTI" and len(layout.measures) > MAX_RECORD_MEASURES:
            raise LimitError(f"The record exceeds the limit of {MAX_RECORD_MEASURES} measures per record.")
        added_names = {name for name, _ in new}
        measures = self._new_columns(layout.measures, role)
        for name, _ in measures:
            if name in added_names:
                raise LimitError(f"The measure name '{name}' is already the name of a dimension.")
        for name, _ in new:
            self._add(name, "VARCHAR", "DIMENSION")
        for name, kind in measures:
            self._add(name, kind, role)
        seen = set(known.dimensions) if known else set()
        dimensions = seen | {name for name, _ in identity.dimensions}
        if known is None or dimensions != seen:
            self.restore_measure(identity.measure_name, identity.kind, dimensions)
            self.touched.add(identity.measure_name)

    def _check_measure_name(self, identity: Identity, known: Measure | None) -> None:
        if len(identity.measure_name.encode()) > MAX_MEASURE_NAME:
            raise LimitError(f"The measure name is longer than {MAX_MEASURE_NAME} bytes.")
        if known is None and len(self.measures) >= MAX_MEASURE_NAMES:
            raise LimitError(f"The table has reached its limit of {MAX_MEASURE_NAMES} measure names.")
        if known is not None and known.type != identity.kind:
            raise LimitError(
                f"Measure name already has an assigned measure value type. The type of '{identity.measure_name}' "
                f"is {known.type}."
            )

    def _new_columns(self, wanted: Iterable[tuple[str, str]], role: str) -> list[tuple[str, str]]:
        new = []
        for name, kind in wanted:
            column = self.columns.get(name)
            if column is None:
                new.append((name, kind))
            elif (column.role == "DIMENSION") != (role == "DIMENSION"):
                raise LimitError(f"The name '{name}' is already used by a {_word(column.role)} of the table.")
            elif column.type != kind:
                raise LimitError(
                    f"Measure name already has an assigned measure value type. The type of '{name}' is {column.type}."
                )
        longest, most = (
            (MAX_DIMENSION_NAME, MAX_TABLE_DIMENSIONS)
            if role == "DIMENSION"
            else (MAX_MEASURE_NAME, MAX_MULTI_MEASURES)
        )
        if any(len(name.encode()) > longest for name, _ in new):
            raise LimitError(f"A {_word(role)} name is longer than {longest} bytes.")
        if new and self._counts[role] + len(new) > most:
            raise LimitError(f"The table has reached its limit of {most} {_word(role)}s.")
        return new

    def _add(self, name: str, kind: str, role: str) -> None:
        physical, twins = name, 1
        while physical.lower() in self._physical:
            twins += 1
            physical = f"{name}~{twins}"
        column = Column(name, kind, role, physical)
        self.restore(f"c{len(self.columns) + 1}", column)
        self.added.append(column)


def _word(role: str) -> str:
    return "dimension" if role == "DIMENSION" else "measure"
