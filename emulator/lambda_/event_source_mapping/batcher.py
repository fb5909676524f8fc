"""Batches: the records of one shard, or of a share of its partition keys, collected and processed in order."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from emulator.lambda_.event_source_mapping.batch import RETRIES_EXHAUSTED, BatchProcessor, Discarded
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import SourceRecord
from emulator.lambda_.event_source_mapping.redelivery import Redelivery
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES

# What surrounds the records in an event.
_ENVELOPE = len(b'{"Records":[]}')
# So many full batches may wait before the shard is read on.
_AHEAD = 3


class Batcher:
    """Collects records until a batch is full, large enough or old enough, and has it processed."""

    def __init__(
        self,
        config: MappingConfig,
        processor: BatchProcessor,
        discard: Callable[[Discarded], None],
        now: Callable[[], float],
        redelivery: Redelivery,
    ) -> None:
        """`now` gives seconds; `wake` must be called when it makes a leap."""
        self._config = config
        self._now = now
        self._processor = processor
        self._discard = discard
        self._redelivery = redelivery
        self._records: deque[tuple[float, SourceRecord]] = deque()
        self._bytes = 0
        self._busy = False
        self._flushing = False
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"batcher-{config.logical_id}", daemon=True)
        self._thread.start()

    def add(self, records: Sequence[SourceRecord]) -> None:
        """Take records, in order."""
        now_s = self._now()
        with self._changed:
            self._records.extend((now_s, record) for record in records)
            self._bytes += sum(len(record.event) + 1 for record in records)
            self._changed.notify_all()

    def wait_for_room(self, timeout_s: float) -> bool:
        """True if it takes more records; waits up to `timeout_s` seconds for room."""
        with self._changed:
            return self._changed.wait_for(lambda: self._has_room() or self._stopped, timeout_s)

    def flush(self, *, on: bool) -> None:
        """Process what is there without waiting for the batching window to end."""
        with self._changed:
            self._flushing = on
            self._changed.notify_all()

    def wake(self) -> None:
        """Look again if the batching window is over."""
        with self._changed:
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """True if every record taken was processed or given up."""
        with self._changed:
            return not self._busy and not self._records and self._redelivery.idle

    def stop(self) -> None:
        """Stop after the invocation that runs."""
        self._redelivery.stop()
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> None:
        """Wait for its thread, up to `timeout_s` seconds."""
        self._thread.join(timeout_s)

    def _has_room(self) -> bool:
        full = (
            len(self._records) >= _AHEAD * self._config.batch_size
            or self._bytes >= _AHEAD * MAX_PAYLOAD_BYTES
        )
        return not full

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            again = self._deliver(batch) if batch else ()
            if again is None:
                return
            with self._changed:
                self._records.extendleft((self._now(), record) for record in reversed(again))
                self._bytes += sum(len(record.event) + 1 for record in again)
                self._busy = False
                self._changed.notify_all()

    def _deliver(self, batch: Sequence[SourceRecord]) -> Sequence[SourceRecord] | None:
        """Have a batch dealt with; what of it comes again, and None when told to stop."""
        self._redelivery.begin(batch)
        if not self._processor.process(batch):
            return None
        if self._redelivery.repeats() and not self._processor.process(batch):
            return None
        return self._redelivery.recut(batch)

    def _next_batch(self) -> Sequence[SourceRecord] | None:
        with self._changed:
            while not self._stopped:
                left = self._left_s()
                if left is not None and left <= 0:
                    self._busy = True
                    return self._take()
                self._changed.wait(left)
            return None

    def _left_s(self) -> float | None:
        """The seconds to wait for a fuller batch; None when no record waits."""
        if not self._records:
            return None
        full = len(self._records) >= self._config.batch_size or self._bytes + _ENVELOPE > MAX_PAYLOAD_BYTES
        if full or self._flushing:
            return 0.0
        return self._records[0][0] + self._config.window_s - self._now()

    def _take(self) -> Sequence[SourceRecord]:
        """The next batch; a record too large for any event is given up without an invocation."""
        batch: list[SourceRecord] = []
        size = _ENVELOPE
        while self._records and len(batch) < self._config.batch_size:
            record = self._records[0][1]
            length = len(record.event) + 1
            if size + length > MAX_PAYLOAD_BYTES:
                if not batch and _ENVELOPE + length > MAX_PAYLOAD_BYTES:
                    self._records.popleft()
                    self._bytes -= length
                    self._discard(Discarded([record], RETRIES_EXHAUSTED, 0, None))
                break
            self._records.popleft()
            self._bytes -= length
            size += length
            batch.append(record)
        return batch
