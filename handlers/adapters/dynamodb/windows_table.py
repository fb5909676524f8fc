"""The windows table: window aggregates by the interval they were written in, and beside them who evaluates it.

Hash key `tick` is the start of the interval in seconds, range key `source` names shard, records and part of a batch, or
is the claim. The cuts of a shard are an item of their own, under the shard.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
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
_BATCH_KEYS = 100


class WindowsTable(Windows):
    """The windows table; `clock` has seconds since 1970."""

    def __init__(
        self, dynamodb: Any, table: str, timing: Timing, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._timing = timing
        self._clock = clock

    def cut(self, batch: BatchRange) -> list[BatchRange]:
        """The ranges to write a batch in; the shard's cuts are kept before that is told."""
        key = _key(batch.shard, _CUTS)
        for _ in range(_ATTEMPTS):
            try:
                found = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
            except AWS_ERRORS as error:
                raise translate(error) from error
            known = found.get("Item", {}).get(_CUTS, {"S": ""})
            cuts, parts = Cuts.read(known["S"] or str(batch.first - 1)).cut(batch)
            values = {":cuts": {"S": str(cuts)}, ":known": known, ":expiry": _expiry(self._clock())}
            condition = f"attribute_not_exists({_CUTS}) OR {_CUTS} = :known"
            update = f"SET {_CUTS} = :cuts, {EXPIRES_AT} = :expiry"
            if str(cuts) == known["S"] or self._update(key, update, values, condition):
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
            except AWS_ERRORS as error:
                failure = translate(error)
                if attempt == _ATTEMPTS or not isinstance(failure, TransientError):
                    raise failure from error
            time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")

    def read(self, intervals: Iterable[int]) -> list[WindowItem]:
        """All items of these intervals, by reads that are consistent only eventually."""
        with ThreadPoolExecutor(READERS) as readers:
            return [item for items in readers.map(self._read_interval, intervals) for item in items]

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """True if the interval's evaluation is the caller's from now on."""
        return self._update(
            _key(interval_start_s),
            f"SET claimed_at = :now, {EXPIRES_AT} = :expiry",
            {":now": _number(now_s), ":expiry": _expiry(now_s), ":stale": _number(stale_before(now_s))},
            "attribute_not_exists(claimed_at) OR (attribute_not_exists(finished_at) AND claimed_at < :stale)",
        )

    def give_back(self, interval_start_s: int) -> None:
        """Deletes the claim, so that the interval can be claimed again."""
        try:
            self._dynamodb.delete_item(TableName=self._table, Key=_key(interval_start_s))
        except AWS_ERRORS as error:
            raise translate(error) from error

    def finish(self, intervals: Iterable[int], now_s: float) -> None:
        """Marks intervals as evaluated."""
        for interval_start_s in intervals:
            self._update(
                _key(interval_start_s),
                f"SET finished_at = :now, {EXPIRES_AT} = :expiry",
                {":now": _number(now_s), ":expiry": _expiry(now_s)},
            )

    def unfinished(self, intervals: Sequence[int], now_s: float) -> list[int]:
        """Those of the intervals that may be claimed."""
        found: dict[int, Mapping[str, Any]] = {}
        for begin in range(0, len(intervals), _BATCH_KEYS):
            keys = [_key(start_s) for start_s in intervals[begin : begin + _BATCH_KEYS]]
            while keys:
                try:
                    answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys}})
                except AWS_ERRORS as error:
                    raise translate(error) from error
                found |= {int(item[_TICK]["S"]): item for item in answer["Responses"].get(self._table, [])}
                keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return [start_s for start_s in intervals if _is_free(found.get(start_s), now_s)]

    def _put(self, items: Sequence[WindowItem]) -> None:
        documents = [self._document(item) for item in items]
        if len(documents) == 1:
            self._dynamodb.put_item(TableName=self._table, Item=documents[0])
            return
        size = sum(len(item.data) for item in items)
        if len(documents) > _TRANSACTION_ITEMS or size > _TRANSACTION_BYTES:
            raise TransientError(
                f"{size} bytes of windows in {len(documents)} items do not fit one transaction"
            )
        puts = [{"Put": {"TableName": self._table, "Item": document}} for document in documents]
        self._dynamodb.transact_write_items(TransactItems=puts)

    def _document(self, item: WindowItem) -> dict[str, Any]:
        expiry = max(item.interval_start_s, item.written_at_ms // 1000) + KEPT_SECONDS
        return {
            _TICK: {"S": str(item.interval_start_s)},
            _SOURCE: {"S": item.source},
            "written_at": {"N": str(item.written_at_ms)},
            "data": {"B": item.data},
            EXPIRES_AT: {"N": str(expiry)},
        }

    def _read_interval(self, interval_start_s: int) -> list[WindowItem]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{_TICK} = :tick",
            ExpressionAttributeValues={":tick": {"S": str(interval_start_s)}},
        )
        try:
            return [
                WindowItem.read(
                    interval_start_s, item[_SOURCE]["S"], int(item["written_at"]["N"]), item["data"]["B"]
                )
                for page in pages
                for item in page["Items"]
                if item[_SOURCE]["S"] != _CLAIM
            ]
        except AWS_ERRORS as error:
            raise translate(error) from error

    def _update(
        self, key: Mapping[str, Any], expression: str, values: Mapping[str, Any], condition: str = ""
    ) -> bool:
        optional = {"ConditionExpression": condition} if condition else {}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=expression,
                ExpressionAttributeValues=values,
                **optional,
            )
        except AWS_ERRORS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translate(error) from error
        return True


def _key(tick: object, source: str = _CLAIM) -> dict[str, Any]:
    return {_TICK: {"S": str(tick)}, _SOURCE: {"S": source}}


def _number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}


def _expiry(now_s: float) -> dict[str, str]:
    return _number(now_s + KEPT_SECONDS)


def _is_free(claim: Mapping[str, Any] | None, now_s: float) -> bool:
    if claim is None:
        return True
    return "finished_at" not in claim and int(claim["claimed_at"]["N"]) < stale_before(now_s)
