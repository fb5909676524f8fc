"""SQL to the store, and how the rows of an answer become lines of a chart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ops.console.place import Place
from ops.errors import OperatorError

ROWS_MOST = 50_000
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?", re.ASCII)
_DIGITS = re.compile(r"(\d+)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: points of epoch milliseconds and value, in the order of time."""

    name: str
    points: list[tuple[int, float | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of values, None for NULL; `cut` if there were more than are kept."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    cut: bool = False

    def lines(self) -> list[Line]:
        """A line for each number and each combination of texts, by the first column that is a time; none without."""
        kinds = [_kind(row[index] for row in self.rows) for index in range(len(self.columns))]
        times, numbers, texts = (
            [index for index, kind in enumerate(kinds) if kind == wanted]
            for wanted in ("time", "number", "text")
        )
        if not times or not numbers:
            return []
        found: dict[tuple[Any, ...], Line] = {}
        for row in self.rows:
            if row[times[0]] is None:
                continue
            moment = _epoch_ms(row[times[0]])
            group = [(self.columns[index], row[index]) for index in texts]
            for number in numbers:
                name = self._name(group, number, alone=len(numbers) == 1)
                line = found.setdefault((*(str(value) for _, value in group), number), Line(name))
                line.points.append((moment, row[number]))
        for line in found.values():
            line.points.sort(key=lambda point: point[0])
        return sorted(found.values(), key=lambda line: _natural(line.name))

    def _name(self, group: Sequence[tuple[str, Any]], number: int, *, alone: bool) -> str:
        parts = [f"{column}={'–' if value is None else value}" for column, value in group]
        return " ".join(parts if alone and parts else [*parts, self.columns[number]])


def ask(place: Place, sql: str) -> Answer:
    """The rows of a statement; OperatorError with the store's reason. It costs what `spending` says."""
    if not sql.strip():
        raise OperatorError("there is no SQL to run")
    store = place.store()
    store.expect_bounded(sql)
    columns, rows = store.select(sql)
    kept = list(islice(rows, ROWS_MOST + 1))
    return Answer(columns, kept[:ROWS_MOST], cut=len(kept) > ROWS_MOST)


def _kind(values: Any) -> str:
    """The kind of a column by its first value: time, number or text."""
    value = next((value for value in values if value is not None), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return "time" if isinstance(value, str) and _TIME.fullmatch(value) else "text"


def _epoch_ms(text: str) -> int:
    """The milliseconds of a time such as 2026-11-26 04:05:00.000000000, which is UTC's."""
    moment = datetime.fromisoformat(text[:23]).replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds() * 1000)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which core 10 comes after core 9."""
    parts = (part for part in _DIGITS.split(name) if part)
    return [(0, int(part), "") if part[0].isdigit() and part.isascii() else (1, 0, part) for part in parts]
