"""The windows table: window aggregates by the interval they were written in, and beside them who evaluates it.

Hash key `tick` is the start of the interval in seconds, range key `source` names shard, records and part of a batch, or
is the claim. The cuts of a shard are an item of their own, under the shard.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.aws import translated
from handlers.adapters.dynamodb.table import Table, Value, number, text, written
from handlers.domain.alerts.notifications.outbox import stale_before
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.cuts import BatchRange, Cuts
from handlers.domain.alerts.windows.window_items import WindowItem, Windows, window_items
from handlers.domain.errors import TransientError
from handlers.vocabulary import ALERT_WINDOWS_KEY, EXPIRES_AT

# Longer than the longest period, the one before it, and the time that late points have: all that is ever read. As for a
# shard's cuts, the event source mapping gives records up after an hour.
KEPT_SECONDS = 6 * 3600
READERS = 8
# An item holds 400 KB; the rest is for its keys and for safety.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
ITEM_BYTES = 350_000

_TICK, _SOURCE = ALERT_WINDOWS_KEY
_CLAIM, _CUTS = "claim", "cuts"  # a batch's source has `#` in it
_ATTEMPTS = 3
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

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges to write a batch in; the shard's cuts are kept before that is told."""
        key = (batch.shard, _CUTS)
        for _ in range(_ATTEMPTS):
            known = text(self._table.get(key), _CUTS)
            cuts, parts = Cuts.read(known or str(batch.first - 1)).cut(batch)
            expiry = int(self._clock()) + KEPT_SECONDS
            values: dict[str, Value] = {"cuts": str(cuts), "known": known, "expiry": expiry}
            condition = "attribute_not_exists(#cuts) OR #cuts = :known"
            change = f"SET #cuts = :cuts, #{EXPIRES_AT} = :expiry"
            if str(cuts) == known or self._table.update(key, change, values, condition=condition)[0]:
                return parts
        raise TransientError(f"{batch.shard} is being cut by another function all the time")

    def write(self, aggregates: WindowAggregates, batch: BatchRange) -> int:
        """Writes a range's aggregates, whole or not at all; the bytes it took.

        Each attempt carries its own time: an evaluation relies on it that what is written then can be read
        soon after, so no attempt may go on for longer.
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
        """True if the interval's evaluation is the caller's from now on."""
        stale = "attribute_not_exists(#finished_at) AND #claimed_at < :stale"
        condition = f"attribute_not_exists(#claimed_at) OR ({stale})"
        return self._note("claimed_at", interval_start_s, now_s, {"stale": stale_before(now_s)}, condition)

    @translated()
    def give_back(self, interval_start_s: int) -> None:
        """Deletes the claim, so that the interval can be claimed again."""
        self._dynamodb.delete_item(TableName=self._name, Key=self._table.key((str(interval_start_s), _CLAIM)))

    def finish(self, intervals: Iterable[int], now_s: float) -> None:
        """Marks intervals as evaluated."""
        for interval_start_s in intervals:
            self._note("finished_at", interval_start_s, now_s, {})

    def unfinished(self, intervals: Sequence[int], now_s: float) -> list[int]:
        """Those of the intervals that may be claimed."""
        items = self._table.get_all(((str(start_s), _CLAIM) for start_s in intervals), consistent=False)
        found = {int(text(item, _TICK)): item for item in items}
        return [start_s for start_s in intervals if _is_free(found.get(start_s), now_s)]

    @translated()
    def _put(self, items: Sequence[WindowItem]) -> None:
        puts = [{"TableName": self._name, "Item": _document(item)} for item in items]
        if len(puts) == 1:
            self._dynamodb.put_item(**puts[0])
            return
        size = sum(len(item.data) for item in items)
        if len(puts) > _TRANSACTION_ITEMS or size > _TRANSACTION_BYTES:
            raise TransientError(f"{size} bytes of windows in {len(puts)} items do not fit one transaction")
        self._dynamodb.transact_write_items(TransactItems=[{"Put": put} for put in puts])

    def _read_interval(self, interval_start_s: int) -> list[WindowItem]:
        return [
            WindowItem.read(
                interval_start_s, text(item, _SOURCE), int(item["written_at"]["N"]), item["data"]["B"]
            )
            for item in self._table.query(f"#{_TICK} = :tick", {"tick": str(interval_start_s)})
            if text(item, _SOURCE) != _CLAIM
        ]

    def _note(
        self,
        name: str,
        interval_start_s: int,
        now_s: float,
        values: Mapping[str, int],
        condition: str | None = None,
    ) -> bool:
        return self._table.update(
            (str(interval_start_s), _CLAIM),
            f"SET #{name} = :now, #{EXPIRES_AT} = :expiry",
            {"now": int(now_s), "expiry": int(now_s) + KEPT_SECONDS, **values},
            condition=condition,
        )[0]


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


def _is_free(claim: Mapping[str, Any] | None, now_s: float) -> bool:
    if claim is None:
        return True
    return "finished_at" not in claim and (number(claim, "claimed_at") or 0) < stale_before(now_s)
