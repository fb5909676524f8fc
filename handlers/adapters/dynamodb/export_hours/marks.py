"""Late points' marks in the export hours table, set by whatever stores points."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.dynamodb.export_hours.items import EXPORT, ExportItems, Value, key_of, number
from handlers.domain.errors import TransientError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.marking import Mark

# A batch may hold points of very many hours: a client that was away for weeks, or one that means harm.
THREADS = 8
_ATTEMPTS = 5


class MarkTable:
    """Marks hours beside what the exports know of them; one conditional write where no mark is in force."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._items = ExportItems(dynamodb, table)

    def mark(self, marks: Mapping[Hour, Mark], enough: float) -> Mapping[Hour, float]:
        """Marks the hours; for each, from when an export holds what is in the store now."""
        if len(marks) == 1:
            return {hour: self._mark(hour, mark, enough) for hour, mark in marks.items()}
        with ThreadPoolExecutor(THREADS, thread_name_prefix="marks") as pool:
            tasks = {hour: pool.submit(self._mark, hour, mark, enough) for hour, mark in marks.items()}
            return {hour: task.result() for hour, task in tasks.items()}

    def _mark(self, hour: Hour, mark: Mark, enough: float) -> float:
        values: dict[str, Value] = {**mark._asdict(), "work": EXPORT}
        sets = "SET #settled_at = :settled_at, #final_at = :final_at"
        for _ in range(_ATTEMPTS):
            done, item = self._items.update(
                key_of(hour),
                f"{sets}, #due_at = :due_at, #work = :work",
                values,
                condition="attribute_not_exists(#due_at) OR #due_at > :due_at",
            )
            if done:
                return mark.settled_at
            settled = number(item, "settled_at")
            if settled is not None and settled >= enough:
                return settled
            # It is due before this mark asks for it, and stays so: marks that keep coming must not put it off for ever.
            done, _ = self._items.update(
                key_of(hour),
                sets,
                {name: value for name, value in values.items() if name != "work"},
                condition="#due_at <= :due_at",
            )
            if done:
                return mark.settled_at
        raise TransientError("an hour kept changing while it was marked")
