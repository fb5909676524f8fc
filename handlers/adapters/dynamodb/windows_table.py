"""The windows table: window aggregates by the interval they were written in, and beside them who evaluates it.

Hash key `tick` is the start of the interval in seconds, range key `source` names shard, records and part of a batch, or
is the claim. Beside them are three kinds of items: the cuts of a shard, under the shard; how far evaluations are; and
the groups that were known at the last full hour.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate, translated
from handlers.adapters.dynamodb.table import Table, Value, number, text, written
from handlers.domain.alerts.periods import DAY_S, HOUR_S, MADE_UP_S, REMEMBERED_S, Timing
from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.cuts import BatchRange, Cuts
from handlers.domain.alerts.windows.explosion import Explosion
from handlers.domain.alerts.windows.known_groups import KnownGroups, packed_groups, unpacked_groups
from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached
from handlers.domain.alerts.windows.window_items import (
    WindowItem,
    Windows,
    WindowsTooLargeError,
    window_items,
)
from handlers.domain.errors import TransientError
from handlers.vocabulary import ALERT_WINDOWS_KEY, EXPIRES_AT

# Longer than an evaluation looks back, and that it may be behind. As for a shard's cuts, the event source mapping gives
# records up after an hour.
KEPT_SECONDS = MADE_UP_S + REMEMBERED_S + HOUR_S
GROUPS_KEPT_SECONDS = 7 * DAY_S
READERS = 8
# An item holds 400 KB; the rest is for its keys and for safety.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
ITEM_BYTES = 350_000

_TICK, _SOURCE = ALERT_WINDOWS_KEY
_CLAIM, _CUTS = "claim", "cuts"  # a batch's source has `#` in it
_PROGRESS = ("progress", "progress")
_ATTEMPTS = 3
_TURNS = 12  # of functions that advance at the same time
_PAUSE_SECONDS = 0.2
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSACTION_ITEMS = 100
_TRANSACTION_BYTES = 4_000_000


class WindowsTable(Windows):
    """The windows table; `clock` has seconds since 1970."""

    def __init__(
        self, dynamodb: Any, table: str, timing: Timing, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._name = table
        self._table = Table(dynamodb, table, ALERT_WINDOWS_KEY)
        self._timing = timing
        self._clock = clock
        # By shard, as they were written last.
        self._cuts: dict[str, str] = {}

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges to write a batch in; the shard's cuts are kept before that is told.

        They are as this process left them, unless the write finds others; what needs no write is read to be sure.
        """
        key = (batch.shard, _CUTS)
        remembered = self._cuts.pop(batch.shard, "")
        for _ in range(_ATTEMPTS):
            known = remembered or text(self._table.get(key), _CUTS)
            cuts, parts = Cuts.read(known or str(batch.first - 1)).cut(batch)
            expiry = int(self._clock()) + KEPT_SECONDS
            values: dict[str, Value] = {"cuts": str(cuts), "known": known, "expiry": expiry}
            condition = "attribute_not_exists(#cuts) OR #cuts = :known"
            change = f"SET #cuts = :cuts, #{EXPIRES_AT} = :expiry"
            if str(cuts) == known:
                if not remembered:
                    return parts
            elif self._table.update(key, change, values, condition=condition)[0]:
                self._cuts[batch.shard] = str(cuts)
                return parts
            remembered = ""
        raise TransientError(f"{batch.shard} is being cut by another function all the time")

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a range's aggregates, whole or not at all; the bytes it took.

        Each attempt carries its own time: an evaluation relies on it that what is written then can be read
        soon after, so no attempt may go on for longer. `WindowsTooLargeError` if they do not fit a transaction.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            items = window_items(aggregates, batch, self._clock(), self._timing, ITEM_BYTES)
            try:
                self._put(items)
                return sum(len(item.data) for item in items)
            except TransientError:
                if attempt == _ATTEMPTS:
                    raise
            time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals, by reads that are consistent only eventually."""
        with ThreadPoolExecutor(READERS) as readers:
            return [item for items in readers.map(self._read_interval, intervals) for item in items]

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True if it is the caller who starts the interval's evaluation."""
        values: dict[str, Value] = {"now": int(now_s), "expiry": int(now_s) + KEPT_SECONDS}
        change = f"SET #claimed_at = :now, #{EXPIRES_AT} = :expiry"
        key = (str(interval_start_s), _CLAIM)
        return self._table.update(key, change, values, condition="attribute_not_exists(#claimed_at)")[0]

    @translated()
    def give_back(self, interval_start_s: int) -> None:
        """Deletes the claim, so that the interval can be claimed again."""
        self._dynamodb.delete_item(TableName=self._name, Key=self._table.key((str(interval_start_s), _CLAIM)))

    def progress(self) -> tuple[Progress, int]:
        """The progress of evaluations, and the time in seconds at which it was written; 0 if it never was."""
        item = self._table.get(_PROGRESS)
        return Progress.read(text(item, "evaluated_to")), int(number(item, "written_at") or 0)

    def advance(self, keys: KeyRange, reached: Reached, now_s: float) -> None:
        """Notes that rules are evaluated so far; what others noted at the same time stays."""
        item = self._table.get(_PROGRESS)
        for _ in range(_TURNS):
            known = text(item, "evaluated_to")
            progress = str(Progress.read(known).advanced(keys.begin, keys.end, reached))
            if progress == known:
                return
            condition = "attribute_not_exists(#evaluated_to) OR #evaluated_to = :known"
            change = "SET #evaluated_to = :progress, #written_at = :now"
            values: dict[str, Value] = {"progress": progress, "known": known, "now": int(now_s)}
            written, item = self._table.update(_PROGRESS, change, values, condition=condition)
            if written:
                return
        raise TransientError("the progress of evaluations is being written all the time")

    def known_groups(self, name: str) -> KnownGroups:
        """The groups that were noted under this name; none if they never were."""
        first = self._table.get((name, _groups_source(1)))
        if not first:
            return KnownGroups()
        sources = range(2, int(number(first, "parts") or 1) + 1)
        rest = (self._table.get((name, _groups_source(part))) for part in sources)
        items = [first, *(item for item in rest if item)]
        groups = unpacked_groups(bytes(item["data"]["B"]) for item in items)
        since_s = min(int(number(item, "since") or 0) for item in items)
        explosion = Explosion.read(json.loads(text(first, "explosion"))) if "explosion" in first else None
        return KnownGroups(groups, since_s, int(number(first, "left_out") or 0), explosion)

    def note_groups(self, name: str, known: KnownGroups) -> None:
        """Notes groups under a name, in place of those before."""
        parts = packed_groups(known.groups, ITEM_BYTES)
        for part, data in reversed(list(enumerate(parts, start=1))):
            values: dict[str, Value] = {
                "data": data,
                "parts": len(parts),
                "since": known.since_s,
                "left_out": known.left_out,
                EXPIRES_AT: int(self._clock()) + GROUPS_KEPT_SECONDS,
            }
            removes = " REMOVE #explosion"
            if known.explosion is not None:
                values["explosion"], removes = json.dumps(known.explosion.document()), ""
            sets = ", ".join(f"#{field} = :{field}" for field in values)
            self._table.update((name, _groups_source(part)), f"SET {sets}{removes}", values)

    def _put(self, items: Sequence[WindowItem]) -> None:
        """Puts items where there are none: what an earlier attempt wrote in this interval keeps its time."""
        condition = f"attribute_not_exists({_TICK})"
        puts = [
            {"TableName": self._name, "Item": _document(item), "ConditionExpression": condition}
            for item in items
        ]
        size = sum(len(item.data) for item in items)
        if len(puts) > _TRANSACTION_ITEMS or size > _TRANSACTION_BYTES:
            raise WindowsTooLargeError(
                f"{size} bytes of windows in {len(puts)} items do not fit one transaction"
            )
        try:
            if len(puts) == 1:
                self._dynamodb.put_item(**puts[0])
            else:
                self._dynamodb.transact_write_items(TransactItems=[{"Put": put} for put in puts])
        except aws_errors() as error:
            if _there_already(error):
                return
            raise translate(error) from error

    def _read_interval(self, interval_start_s: int) -> list[WindowItem]:
        return [
            WindowItem.read(
                interval_start_s, text(item, _SOURCE), int(item["written_at"]["N"]), item["data"]["B"]
            )
            for item in self._table.query(f"#{_TICK} = :tick", {"tick": str(interval_start_s)})
            if text(item, _SOURCE) != _CLAIM
        ]


def _there_already(error: Exception) -> bool:
    """True if a put failed because its item is there; of a transaction, all are then, as they came together."""
    response = getattr(error, "response", None) or {}
    codes = {code_of(error), *(reason.get("Code") for reason in response.get("CancellationReasons", []))}
    return not codes.isdisjoint({"ConditionalCheckFailedException", "ConditionalCheckFailed"})


def _groups_source(part: int) -> str:
    return f"known#{part}"


def _document(item: WindowItem) -> dict[str, Any]:
    expiry = max(item.interval_start_s, item.written_at_ms // 1000) + KEPT_SECONDS
    values: dict[str, Value] = {
        _TICK: str(item.interval_start_s),
        _SOURCE: item.source,
        "written_at": item.written_at_ms,
        "data": item.data,
        EXPIRES_AT: expiry,
    }
    return {name: written(value) for name, value in values.items()}
