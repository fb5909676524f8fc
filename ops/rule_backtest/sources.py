"""The choice of where an hour of history is read: the store as far as it keeps points, else the exports."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from handlers.domain.alerts.periods import DAY_S
from handlers.domain.exports.hour import Hour, hours_between
from ops.errors import OperatorError
from ops.history.asked import AskedMetric
from ops.history.hours import History
from ops.history.stored import StoredHistory
from ops.rule_backtest.options import EXPORTED, STORED
from ops.stack import Target
from ops.store.port import Store

if TYPE_CHECKING:
    from ops.history.exported import ExportedHistory


class Sources:
    """The history of a deployment from one hour to another; what an hour is read from is opened when it is needed."""

    def __init__(
        self,
        target: Target,
        metrics: Sequence[AskedMetric],
        span: range,
        now_s: float,
        source: str,
        store: Callable[[], Store] | None = None,
    ) -> None:
        self._target, self._metrics, self._source = target, metrics, source
        self._store = store or target.store
        self._hours = Hour.containing(span.start), Hour.containing(span.stop - 1)
        self._first_kept = Hour.containing(now_s - target.config.store.days_kept * DAY_S).plus(1)
        self._stored: StoredHistory | None = None
        self._exported: ExportedHistory | None = None
        self._open = contextlib.ExitStack()

    def __call__(self, hour: Hour) -> History:
        """The history that an hour is read from; OperatorError if it is too old for the one that was asked for."""
        if self._source == STORED and hour < self._first_kept:
            days = self._target.config.store.days_kept
            raise OperatorError(f"the store keeps {days} days, and has nothing before {self._first_kept}")
        if self._source == EXPORTED or hour < self._first_kept:
            return self._of_exports()
        if self._stored is None:
            self._stored = StoredHistory(self._store(), self._metrics, self._hours[1])
        return self._stored

    def _of_exports(self) -> History:
        if self._exported is None:
            from ops.history.exported import ExportedHistory  # noqa: PLC0415 - DuckDB takes a moment

            self._exported = ExportedHistory(self._target, self._metrics, list(hours_between(*self._hours)))
            self._open.callback(self._exported.close)
        return self._exported

    def close(self) -> None:
        """Let go what was opened."""
        self._open.close()


@contextlib.contextmanager
def opened(
    target: Target,
    metrics: Sequence[AskedMetric],
    span: range,
    now_s: float,
    source: str,
    store: Callable[[], Store] | None = None,
) -> Iterator[Sources]:
    """The sources of a span, for a while; `store` gives the deployment's in place of a new one."""
    sources = Sources(target, metrics, span, now_s, source, store)
    try:
        yield sources
    finally:
        sources.close()
