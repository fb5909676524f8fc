"""The marks of hours in the export hours table, set by the function that stores points: has points, has late points."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.dynamodb.export_hours.items import EXPORT, ExportHoursTable, key_of
from handlers.adapters.dynamodb.table import PUTS, Value, number
from handlers.domain.errors import TransientError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.marking import Mark

# A batch may hold points of very many hours: a client that was away for weeks, or one that means harm.
THREADS = 8
_ATTEMPTS = 5


class ExportHoursMarks:
    """Marks hours on their entries in the ledger; one conditional write where no mark is in force."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = ExportHoursTable(dynamodb, table)

    def mark_late(self, marks: Mapping[Hour, Mark], *, already_after_s: float) -> Mapping[Hour, float]:
        """Marks many hours at a time; for each, the time from which an export holds the points stored by now."""
        if len(marks) == 1:
            return {hour: self._mark(hour, mark, already_after_s) for hour, mark in marks.items()}
        with ThreadPoolExecutor(THREADS, thread_name_prefix="marks") as pool:
            tasks = {
                hour: pool.submit(self._mark, hour, mark, already_after_s) for hour, mark in marks.items()
            }
            return {hour: task.result() for hour, task in tasks.items()}

    def note_points(self, hours: Collection[Hour]) -> None:
        """Notes many hours at a time, some of them in one call: a note that there is already stays as it is."""
        ordered = sorted(hours)
        parts = [ordered[first : first + PUTS] for first in range(0, len(ordered), PUTS)]
        if len(parts) == 1:
            self._table.note_all(parts[0])
            return
        with ThreadPoolExecutor(THREADS, thread_name_prefix="notes") as pool:
            for _ in pool.map(self._table.note_all, parts):
                pass

    def _mark(self, hour: Hour, mark: Mark, already_after_s: float) -> float:
        values: dict[str, Value] = dict(zip(("due_at", "settled_at", "final_at"), mark, strict=True))
        values["work"] = EXPORT
        sets = "SET #settled_at = :settled_at, #final_at = :final_at"
        for _ in range(_ATTEMPTS):
            done, item = self._table.update(
                key_of(hour),
                f"{sets}, #due_at = :due_at, #work = :work",
                values,
                condition="attribute_not_exists(#due_at) OR #due_at > :due_at",
            )
            if done:
                return mark.settled_at_s
            settled_at_s = number(item, "settled_at")
            if settled_at_s is not None and settled_at_s >= already_after_s:
                return settled_at_s
            # It is due before this mark asks for it, and stays so: marks that keep coming must not put it off for ever.
            done, _ = self._table.update(
                key_of(hour),
                sets,
                {name: value for name, value in values.items() if name != "work"},
                condition="#due_at <= :due_at",
            )
            if done:
                return mark.settled_at_s
        raise TransientError("an hour kept changing while it was marked")
