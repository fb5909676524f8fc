"""The rate of UNLOADs in the export hours table: one a second for the whole region."""

import time
from collections.abc import Callable
from typing import Any

from handlers.adapters.aws import ThrottledError
from handlers.adapters.dynamodb.export_hours.items import ExportHoursTable
from handlers.adapters.dynamodb.table import number

# https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-concepts.html
INTERVAL_S = 1.0
LONGEST_WAIT_S = 30.0
_ATTEMPTS = 20


class ExportHoursUnloadRate:
    """Gives out turns a second apart, and waits for the one it got."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = ExportHoursTable(dynamodb, table)
        self._clock = clock
        self._sleep = sleep

    def wait_turn(self) -> None:
        """Waits for a turn of this process's own; `ThrottledError` if that is too far away to wait for."""
        for _ in range(_ATTEMPTS):
            seen_s = number(self._table.get("pace"), "next_at")
            now_s = self._clock()
            turn_s = now_s if seen_s is None else max(now_s, seen_s)
            if turn_s - now_s > LONGEST_WAIT_S:
                break
            condition = "attribute_not_exists(#next_at)" if seen_s is None else "#next_at = :seen"
            values = {"next_at": turn_s + INTERVAL_S} | ({} if seen_s is None else {"seen": seen_s})
            if self._table.update("pace", "SET #next_at = :next_at", values, condition=condition)[0]:
                self._sleep(turn_s - now_s)
                return
        raise ThrottledError("too many UNLOADs want to start")
