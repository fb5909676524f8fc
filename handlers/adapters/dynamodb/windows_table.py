"""The windows table: evidence by the tick it was written in, and beside it who evaluates that tick.

Hash key `tick` is the start of the tick, range key `source` names shard, records and part of a batch, or is the claim.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
from handlers.domain.alerts.notifications.outbox import stale_before
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregation import GroupedSets
from handlers.domain.alerts.windows.window_items import BatchRange, WindowItem, window_items
from handlers.domain.errors import TransientError
from handlers.vocabulary import ALERT_WINDOWS_KEY, EXPIRES_AT

# Longer than the longest period, the one before it, and the time that late points have: all that anybody looks at.
KEPT_SECONDS = 6 * 3600
READERS = 8

_TICK, _SOURCE = ALERT_WINDOWS_KEY
_CLAIM = "claim"  # a batch's source has `#` in it
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSACTION_ITEMS = 100
_TRANSACTION_BYTES = 4_000_000
_BATCH_KEYS = 100


class WindowsTable:
    """Writes what the aggregator found and reads what the evaluator needs."""

    def __init__(
        self, dynamodb: Any, table: str, timing: Timing, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._timing = timing
        self._clock = clock

    def write(self, evidence: Mapping[tuple[str, int], GroupedSets], source: BatchRange) -> int:
        """Writes a batch's evidence, whole or not at all; the bytes it took.

        Each attempt carries its own time: who judges a period relies on it that what is written then can be read
        soon after, so no attempt may go on for longer.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            items = window_items(evidence, source, self._clock(), self._timing)
            try:
                self._put(items)
                return sum(len(item.data) for item in items)
            except AWS_ERRORS as error:
                failure = translate(error)
                if attempt == _ATTEMPTS or not isinstance(failure, TransientError):
                    raise failure from error
            time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("the last attempt returns or raises")

    def read(self, ticks: Iterable[int]) -> list[WindowItem]:
        """All items of these ticks. What was written in the last moment may be missing: it is looked for again."""
        with ThreadPoolExecutor(READERS) as readers:
            return [item for items in readers.map(self._read_tick, ticks) for item in items]

    def claim(self, tick: int, now: int) -> bool:
        """True if the tick's evaluation is the caller's from now on."""
        return self._update(
            tick,
            f"SET claimed_at = :now, {EXPIRES_AT} = :expiry",
            {":now": now, ":expiry": now + KEPT_SECONDS, ":stale": stale_before(now)},
            "attribute_not_exists(claimed_at) OR (attribute_not_exists(finished_at) AND claimed_at < :stale)",
        )

    def give_back(self, tick: int) -> None:
        """Lets somebody else claim the tick."""
        try:
            self._dynamodb.delete_item(TableName=self._table, Key=_key(tick))
        except AWS_ERRORS as error:
            raise translate(error) from error

    def finish(self, ticks: Iterable[int], now: int) -> None:
        """Marks ticks as evaluated."""
        for tick in ticks:
            self._update(
                tick,
                f"SET finished_at = :now, {EXPIRES_AT} = :expiry",
                {":now": now, ":expiry": now + KEPT_SECONDS},
            )

    def unfinished(self, ticks: Sequence[int], now: int) -> list[int]:
        """Those of the ticks that may be claimed."""
        found: dict[int, Mapping[str, Any]] = {}
        for begin in range(0, len(ticks), _BATCH_KEYS):
            keys = [_key(tick) for tick in ticks[begin : begin + _BATCH_KEYS]]
            while keys:
                try:
                    answer = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys}})
                except AWS_ERRORS as error:
                    raise translate(error) from error
                found |= {int(item[_TICK]["S"]): item for item in answer["Responses"].get(self._table, [])}
                keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return [tick for tick in ticks if _is_free(found.get(tick), now)]

    def _put(self, items: Sequence[WindowItem]) -> None:
        documents = [self._document(item) for item in items]
        if len(documents) == 1:
            self._dynamodb.put_item(TableName=self._table, Item=documents[0])
            return
        size = sum(len(item.data) for item in items)
        if len(documents) > _TRANSACTION_ITEMS or size > _TRANSACTION_BYTES:
            raise TransientError(
                f"{size} bytes of evidence in {len(documents)} items do not fit one transaction"
            )
        puts = [{"Put": {"TableName": self._table, "Item": document}} for document in documents]
        self._dynamodb.transact_write_items(TransactItems=puts)

    def _document(self, item: WindowItem) -> dict[str, Any]:
        expiry = max(item.tick, item.written_at_ms // 1000) + KEPT_SECONDS
        return {
            _TICK: {"S": str(item.tick)},
            _SOURCE: {"S": item.source},
            "written_at": {"N": str(item.written_at_ms)},
            "data": {"B": item.data},
            EXPIRES_AT: {"N": str(expiry)},
        }

    def _read_tick(self, tick: int) -> list[WindowItem]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{_TICK} = :tick",
            ExpressionAttributeValues={":tick": {"S": str(tick)}},
        )
        try:
            return [
                WindowItem(tick, item[_SOURCE]["S"], int(item["written_at"]["N"]), bytes(item["data"]["B"]))
                for page in pages
                for item in page["Items"]
                if item[_SOURCE]["S"] != _CLAIM
            ]
        except AWS_ERRORS as error:
            raise translate(error) from error

    def _update(self, tick: int, expression: str, values: Mapping[str, int], condition: str = "") -> bool:
        optional = {"ConditionExpression": condition} if condition else {}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(tick),
                UpdateExpression=expression,
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                **optional,
            )
        except AWS_ERRORS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translate(error) from error
        return True


def _key(tick: int) -> dict[str, Any]:
    return {_TICK: {"S": str(tick)}, _SOURCE: {"S": _CLAIM}}


def _is_free(claim: Mapping[str, Any] | None, now: int) -> bool:
    if claim is None:
        return True
    return "finished_at" not in claim and int(claim["claimed_at"]["N"]) < stale_before(now)
