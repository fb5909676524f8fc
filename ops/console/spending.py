"""Costs of the console's own questions, by AWS's list prices, and the limit on what it asks by itself."""

import threading
import time
from collections.abc import Callable

from ops.bill.prices import prices
from ops.store.port import Meter

# For each metric that is asked for: https://aws.amazon.com/cloudwatch/pricing/
_METRIC_DOLLARS = 0.01 / 1000
_BY_ITSELF_EVERY_S = 60.0


class Spending(Meter):
    """Dollars since the console was started; safe to use from many threads.

    Queries to Timestream that run at the same time share compute units, so the sum is what it costs at most.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_query_s = float("-inf")
        self._billed = 0.0
        self.queries = 0
        self.metrics = 0

    def asked(self) -> None:
        """Count a SQL query."""
        with self._lock:
            self.queries += 1
            self._last_query_s = self._clock()

    def billed(self, price: str, units: float) -> None:
        """Count what a SQL query is billed."""
        with self._lock:
            self._billed += units * prices()[price].dollars

    def read_metrics(self, number: int) -> None:
        """Count metrics that CloudWatch was asked for."""
        with self._lock:
            self.metrics += number

    def may_query(self, *, local: bool) -> bool:
        """True if a query may run that nobody clicked for: once a minute, and in the local run at any time."""
        return local or self._clock() - self._last_query_s >= _BY_ITSELF_EVERY_S

    @property
    def dollars(self) -> float:
        """The sum of all of it."""
        return self._billed + self.metrics * _METRIC_DOLLARS
