"""Costs of the console's own questions, by AWS's list prices, and the limit on what it asks by itself."""

import threading
import time
from collections.abc import Callable

from ops.bill.prices import prices

# A query takes at least 30 seconds of 4 compute units:
# https://docs.aws.amazon.com/timestream/latest/developerguide/tcu.html
_QUERY_COMPUTE_HOURS = 4 * 30 / 3600
# For each metric that is asked for: https://aws.amazon.com/cloudwatch/pricing/
_METRIC_DOLLARS = 0.01 / 1000
_BY_ITSELF_EVERY_S = 60.0


class Spending:
    """Dollars since the console was started; safe to use from many threads.

    Queries that run at the same time share compute units, so the sum is what it costs at most.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_query_s = float("-inf")
        self.queries = 0
        self.metrics = 0

    def query(self) -> None:
        """Count a SQL query."""
        with self._lock:
            self.queries += 1
            self._last_query_s = self._clock()

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
        query = prices()["timestream_compute"].dollars * _QUERY_COMPUTE_HOURS
        return self.queries * query + self.metrics * _METRIC_DOLLARS
