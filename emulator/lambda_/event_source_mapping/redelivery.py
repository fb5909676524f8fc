"""Batches that come again though they were dealt with, as a mapping may deliver them: at least once.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import random
import threading
from collections.abc import Callable, Sequence

from emulator.faults import FaultRule
from emulator.lambda_.event_source_mapping.event_source import SourceRecord, event_of
from emulator.lambda_.invocation import InvokeResult

Strikes = Callable[[str], FaultRule | None]
"""The rule of a kind of fault that strikes this delivery, if one does."""


def _never(_kind: str) -> None:
    return None


class Redelivery:
    """The ways in which batches of a shard, or of a share of its keys, come again."""

    def __init__(self, invoke: Callable[[bytes], InvokeResult], strikes: Strikes = _never) -> None:
        self._invoke, self._strikes = invoke, strikes
        self._lock = threading.Lock()
        self._beside = 0
        self._stopped = threading.Event()

    @property
    def idle(self) -> bool:
        """True if no batch is under way beside the others."""
        with self._lock:
            return not self._beside

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopped.set()

    def begin(self, batch: Sequence[SourceRecord]) -> None:
        """Deliver a batch a second time beside its own delivery, where a fault says so; nobody hears how that ends."""
        rule = self._strikes("overlap")
        if rule is None:
            return
        with self._lock:
            self._beside += 1
        threading.Thread(
            target=self._deliver, args=(batch, rule.latency_ms / 1000), name="overlap", daemon=True
        ).start()

    def repeats(self) -> bool:
        """True if the batch that was dealt with comes once more."""
        return self._strikes("repeat") is not None

    def recut(self, batch: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        """The last part of a batch that was dealt with, which comes again before what follows; mostly nothing."""
        if len(batch) < 2 or self._strikes("recut") is None:
            return ()
        return batch[random.randrange(1, len(batch)) :]  # noqa: S311 - chooses a cut, no secret

    def _deliver(self, batch: Sequence[SourceRecord], delay_s: float) -> None:
        try:
            if not self._stopped.wait(delay_s):
                self._invoke(event_of(batch))
        finally:
            with self._lock:
                self._beside -= 1
