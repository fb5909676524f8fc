"""Reads one shard of an event source and hands its records to batchers."""

import logging
import threading
import zlib
from collections.abc import Sequence

from emulator.lambda_.event_source_mapping.batcher import Batcher
from emulator.lambda_.event_source_mapping.event_source import (
    EventSource,
    SourceRecord,
    SourceUnavailableError,
)

_LOG = logging.getLogger(__name__)
# Lambda reads a shard about once a second; here waiting is what a person would notice, and draining what waits.
POLL_EVERY_S = 0.15
IDLE_S = 1.0
_FLUSH_EVERY_S = 0.03
_PAUSE_S = 0.2


class ShardPoller:
    """Reads one shard and hands its records to batchers by partition key."""

    def __init__(
        self,
        shard: str,
        source: EventSource,
        batchers: Sequence[Batcher],
        stopped: threading.Event,
        *,
        idle_s: float,
    ) -> None:
        """After an empty read it waits up to `idle_s` seconds more for a call of `look`."""
        self._shard = shard
        self._source = source
        self._batchers = batchers
        self._stopped = stopped
        self._idle_s = idle_s
        self._flushing = False
        self._looking = threading.Event()
        self.caught_up_count = 0
        self.ended = False
        self._thread = threading.Thread(target=self._run, name=f"shard-{shard}", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """True if every record read was dealt with."""
        return all(batcher.idle for batcher in self._batchers)

    def flush(self, *, on: bool) -> None:
        """Do not wait for batching windows to end, nor long to read again."""
        self._flushing = on
        self.look()
        for batcher in self._batchers:
            batcher.flush(on=on)

    def wake(self) -> None:
        """Let the batchers look if their windows are over."""
        self.look()
        for batcher in self._batchers:
            batcher.wake()

    def look(self) -> None:
        """Read soon: there may be something new."""
        self._looking.set()

    def stop(self) -> None:
        """Stop the batchers."""
        self.look()
        for batcher in self._batchers:
            batcher.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for its threads, up to `timeout_s` seconds each."""
        self._thread.join(timeout_s)
        for batcher in self._batchers:
            batcher.join(timeout_s)

    def _run(self) -> None:
        position: str | None = None
        last: str | None = None
        while not self._stopped.is_set():
            self._looking.clear()
            try:
                if position is None:
                    position = self._source.position(self._shard, last)
                page = self._source.read(self._shard, position)
            except SourceUnavailableError as error:
                _LOG.debug("%s", error)
                position = None
                self._stopped.wait(_PAUSE_S)
                continue
            if page.records:
                last = page.records[-1].sequence
                self._hand_out(page.records)
            if page.next_position is None:
                self._end()
                return
            position = page.next_position
            if page.caught_up:
                self.caught_up_count += 1
                self._stopped.wait(_FLUSH_EVERY_S if self._flushing else POLL_EVERY_S)
                if not self._flushing:
                    self._looking.wait(self._idle_s)

    def _hand_out(self, records: Sequence[SourceRecord]) -> None:
        shares: list[list[SourceRecord]] = [[] for _ in self._batchers]
        for record in records:
            shares[zlib.crc32(record.partition_key.encode()) % len(self._batchers)].append(record)
        for batcher, share in zip(self._batchers, shares, strict=True):
            while share and not batcher.wait_for_room(0.5):
                if self._stopped.is_set():
                    return
            batcher.add(share)

    def _end(self) -> None:
        """Let the shard's children be read once its own records are dealt with."""
        while not self.idle and not self._stopped.wait(0.05):
            pass
        self._source.finished(self._shard)
        self.ended = True
