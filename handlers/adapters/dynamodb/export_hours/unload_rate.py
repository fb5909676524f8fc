"""One UNLOAD a second for the whole region, whoever starts it."""

import time
from collections.abc import Callable
from typing import Any

from handlers.adapters.aws import ThrottledError
from handlers.adapters.dynamodb.export_hours.items import ExportItems, number

# https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-concepts.html
INTERVAL_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
_ATTEMPTS = 20


class UnloadPace:
    """Gives out turns a second apart, and waits for the one it got."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._items = ExportItems(dynamodb, table)
        self._clock = clock
        self._sleep = sleep

    def wait_turn(self) -> None:
        """Returns when it is our turn; `ThrottledError` if that is too far away to wait for."""
        for _ in range(_ATTEMPTS):
            seen = number(self._items.get("pace"), "next_at")
            now = self._clock()
            turn = now if seen is None else max(now, seen)
            if turn - now > LONGEST_WAIT_SECONDS:
                break
            condition = "attribute_not_exists(#next_at)" if seen is None else "#next_at = :seen"
            values = {"next_at": turn + INTERVAL_SECONDS} | ({} if seen is None else {"seen": seen})
            if self._items.update("pace", "SET #next_at = :next_at", values, condition=condition)[0]:
                self._sleep(turn - now)
                return
        raise ThrottledError("too many UNLOADs want to start")
