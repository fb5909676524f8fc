"""The items of the export hours table, and the updates that change them.

The table's key is `id`: `hour#2026-11-22T02` is an hour's entry, `tidy#…` the task to clean it up, `points#…` says that
it has points; `watermark`, `pace` and `noting` are one item each. `work` and `due_at` stand only on items that have
something to be done, and so in the index.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from handlers.adapters.dynamodb.table import Table, number, text
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Outcome, Published, Record
from handlers.vocabulary import DUE_INDEX, DUE_KEY, EXPORT_HOURS_KEY

EXPORT = "export"
TIDY = "tidy"
HOUR_PREFIX = "hour#"
TIDY_PREFIX = "tidy#"
POINTS_PREFIX = "points#"

_WORK, _DUE_AT = DUE_KEY


class ExportHoursTable(Table):
    """The export hours table, with the index of the items that have something to be done."""

    def __init__(self, dynamodb: Any, name: str) -> None:
        super().__init__(dynamodb, name, EXPORT_HOURS_KEY)

    def note_points(self, hour: Hour) -> None:
        """Notes that an hour has points; for ever, as an export may be asked for at any time."""
        self.update(key_of(hour, POINTS_PREFIX), "SET #noted = :one", {"one": 1})

    def note_all(self, hours: Sequence[Hour]) -> None:
        """Notes that hours have points, as many as a call takes; what a note says is always the same."""
        self.put_all([key_of(hour, POINTS_PREFIX) for hour in hours], {"noted": 1})

    def due(self, work: str, now_s: float, limit: int) -> list[Hour]:
        """The hours that have this work to be done by now, the longest due first."""
        condition = f"#{_WORK} = :work AND #{_DUE_AT} <= :now"
        items = self.query(condition, {"work": work, "now": now_s}, IndexName=DUE_INDEX, Limit=limit)
        return [hour_of(item) for item in islice(items, limit)]


def key_of(hour: Hour, prefix: str = HOUR_PREFIX) -> str:
    """The id of an hour's item."""
    return f"{prefix}{hour}"


def hour_of(item: Mapping[str, Any]) -> Hour:
    """The hour an item is about."""
    return Hour.parse(text(item, EXPORT_HOURS_KEY[0]).partition("#")[2])


def record_of(item: Mapping[str, Any]) -> Record:
    """The entry an item holds."""

    def whole(name: str) -> int:
        return int(number(item, name) or 0)

    def time_s(name: str) -> float:
        return number(item, name) or 0.0

    published = Published(
        text(item, "run"), time_s("started_at"), time_s("published_at"), whole("rows"), whole("bytes")
    )
    replaced = item.get("replaced", {}).get("M", {})
    return Record(
        hour=hour_of(item),
        due_at_s=number(item, "due_at"),
        settled_at_s=number(item, "settled_at"),
        final_at_s=number(item, "final_at"),
        outcome=Outcome(text(item, "outcome")) if "outcome" in item else None,
        error=text(item, "error"),
        failures=whole("failures"),
        attempts=whole("attempts"),
        claimed_by=text(item, "claimed_by"),
        claimed_at_s=time_s("claimed_at"),
        claimed_until_s=time_s("claimed_until"),
        published=published if "run" in item else None,
        replaced={name: float(value["N"]) for name, value in replaced.items()},
    )
