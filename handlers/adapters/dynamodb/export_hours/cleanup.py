"""Hours that have files to clean up, in the export hours table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from handlers.adapters.dynamodb.export_hours.items import (
    TIDY,
    TIDY_PREFIX,
    ExportHoursTable,
    key_of,
    record_of,
)
from handlers.adapters.dynamodb.table import Value, number
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record


class CleanupTask(NamedTuple):
    """An hour with files to clean up; `revision` grows when it is asked for again."""

    hour: Hour
    revision: int


class ExportHoursCleanup:
    """One item per hour that has files to clean up. Every call may raise `TransientError` or `ConfigurationError`."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = ExportHoursTable(dynamodb, table)

    def due(self, now_s: float, limit: int) -> Sequence[CleanupTask]:
        """The tasks that may be done by now, the oldest first."""
        hours = self._table.due(TIDY, now_s, limit)
        items = ((hour, self._table.get(key_of(hour, TIDY_PREFIX))) for hour in hours)
        return [CleanupTask(hour, int(number(item, "revision") or 0)) for hour, item in items if item]

    def done(self, task: CleanupTask, again_at_s: float | None) -> None:
        """Forgets a task, or keeps it for later; one that was asked for again meanwhile stays as it is."""
        values: dict[str, Value] = {"seen": task.revision}
        change = "REMOVE #work, #due_at"
        if again_at_s is not None:
            change = "SET #due_at = :again"
            values["again"] = again_at_s
        self._table.update(key_of(task.hour, TIDY_PREFIX), change, values, condition="#revision = :seen")

    def record(self, hour: Hour) -> Record:
        """The hour's entry in the ledger; an empty one if there is none."""
        item = self._table.get(key_of(hour))
        return record_of(item) if item else Record(hour)
