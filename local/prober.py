"""The prober of the running pipeline: how many points it stores, and after which delay a query sees them."""

import time
from collections import deque

from local.accounting import newest_point_ms, stored_points, superseded_points
from local.feed.sender import Sent
from local.repeated import Repeated
from ops.errors import OperatorError
from ops.store.port import Store

_EVERY_SECONDS = 0.25
_IDLE_SECONDS = 1.0
_RATE_WINDOW_SECONDS = 5.0
# Asking takes a tenth of the time at most, however long a store takes to answer.
_PAUSES = 9


class Prober(Repeated):
    """Asks the store, up to four times a second while points come, how many it has and which is the newest.

    The delay is measured end to end: from the 202 of a batch of the feed to the moment a query sees its points. Points
    come in batches that fill for `batch_window_s`, over two of which their rate is told.
    """

    def __init__(self, store: Store, sent: Sent, *, batch_window_s: float = 0.0) -> None:
        super().__init__("prober", every_s=_EVERY_SECONDS)
        self._store, self._sent = store, sent
        self._rate_window_s = max(_RATE_WINDOW_SECONDS, 2 * batch_window_s)
        self._counts: deque[tuple[float, int]] = deque()
        self._changed_s = self._asked_s = time.monotonic()
        self._seen_until_ms = 0
        self.stored = self.superseded = 0
        self.delay_s: float | None = None
        self.last_error = ""

    @property
    def rate(self) -> float:
        """Points stored per second, over the last seconds."""
        counts = list(self._counts)
        if len(counts) < 2:
            return 0.0
        (first_s, before), (last_s, after) = counts[0], counts[-1]
        return (after - before) / max(last_s - first_s, 1e-9)

    def once(self) -> None:
        """Ask; what keeps the store from answering is `last_error`."""
        now_s = time.monotonic()
        is_idle = now_s - self._changed_s > _RATE_WINDOW_SECONDS
        if is_idle and now_s - self._asked_s < _IDLE_SECONDS:
            return
        self._asked_s = now_s
        try:
            stored = stored_points(self._store)
            if self._store.superseded:
                self.superseded = superseded_points(self._store)
            self._measure_delay()
        except OperatorError as error:
            self.last_error = str(error)
            return
        if stored != self.stored:
            self.stored, self._changed_s = stored, now_s
        self._counts.append((now_s, stored))
        while now_s - self._counts[0][0] > self._rate_window_s:
            self._counts.popleft()
        self._every_s = max(_EVERY_SECONDS, _PAUSES * (time.monotonic() - now_s))

    def _measure_delay(self) -> None:
        """Look which of the feed's batches a query sees, if there is one that none has seen."""
        unseen = [batch for batch in list(self._sent.batches) if batch[0] > self._seen_until_ms]
        if not unseen:
            return
        newest_ms = newest_point_ms(self._store) or 0
        fresh = [sent_at_s for timestamp_ms, sent_at_s in unseen if timestamp_ms <= newest_ms]
        if fresh:
            self.delay_s = time.monotonic() - fresh[0]
            self._seen_until_ms = newest_ms
