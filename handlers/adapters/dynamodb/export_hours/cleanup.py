"""The wishes to tidy an hour, in the export hours table."""

from collections.abc import Sequence
from typing import Any

from handlers.adapters.dynamodb.export_hours.items import (
    TIDY,
    TIDY_PREFIX,
    ExportItems,
    Value,
    hour_of,
    key_of,
    number,
    record_of,
)
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Record
from handlers.domain.exports.tidying import Wish


class TidyTable:
    """One item per hour that has something to tidy."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._items = ExportItems(dynamodb, table)

    def due(self, now: float, limit: int) -> Sequence[Wish]:
        """The wishes that may be met by now, the oldest first."""
        hours = [hour_of(item) for item in self._items.due(TIDY, now, limit)]
        items = ((hour, self._items.get(key_of(hour, TIDY_PREFIX))) for hour in hours)
        return [Wish(hour, int(number(item, "revision") or 0)) for hour, item in items if item]

    def met(self, wish: Wish, again_at: float | None) -> None:
        """Forgets a wish, or keeps it for later; one that was renewed meanwhile stays as it is."""
        values: dict[str, Value] = {"seen": wish.revision}
        change = "REMOVE #work, #due_at"
        if again_at is not None:
            change = "SET #due_at = :again"
            values["again"] = again_at
        self._items.update(key_of(wish.hour, TIDY_PREFIX), change, values, condition="#revision = :seen")

    def record(self, hour: Hour) -> Record:
        """The hour's entry in the ledger."""
        item = self._items.get(key_of(hour))
        return record_of(item) if item else Record(hour)
