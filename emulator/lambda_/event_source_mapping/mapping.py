"""Event source mappings: a poller for each shard, and what became of its records."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from emulator.clock import Clock
from emulator.lambda_.event_source_mapping.batch import BatchProcessor, Discarded, Progress
from emulator.lambda_.event_source_mapping.batcher import Lane
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.destination import Destination
from emulator.lambda_.event_source_mapping.event_source import (
    EventSource,
    SourceRecord,
    SourceUnavailableError,
)
from emulator.lambda_.event_source_mapping.shard_poller import POLL_EVERY, ShardPoller
from emulator.lambda_.invocation import InvokeResult

_LOG = logging.getLogger(__name__)
_LIST_EVERY = 5.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
_SPLIT_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class MappingStatus:
    """What a mapping has done so far; `checkpoints` maps a shard to its last sequence number dealt with."""

    records_read: int
    records_processed: int
    records_discarded: int
    invocations: int
    failures: int
    checkpoints: Mapping[str, str]
    latest_arrival: float | None


@dataclass
class _Counts:
    read: int = 0
    processed: int = 0
    discarded: int = 0
    invocations: int = 0
    failures: int = 0
    checkpoints: dict[str, str] = field(default_factory=dict)
    latest_arrival: float | None = None


class EventSourceMapping:
    """Reads a stream and has a function process it until it is closed."""

    def __init__(
        self,
        config: MappingConfig,
        source: EventSource,
        *,
        invoke: Callable[[bytes], InvokeResult],
        destination: Destination,
        clock: Clock,
    ) -> None:
        self.config = config
        self._source = source
        self._invoke = invoke
        self._destination = destination
        self._clock = clock
        self._counts = _Counts()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pollers: dict[str, ShardPoller] = {}
        self._listed = threading.Event()
        self._thread = threading.Thread(
            target=self._follow_shards, name=f"mapping-{config.uuid}", daemon=True
        )
        self._thread.start()

    def status(self) -> MappingStatus:
        """The counts so far."""
        with self._lock:
            counts = self._counts
            return MappingStatus(
                counts.read,
                counts.processed,
                counts.discarded,
                counts.invocations,
                counts.failures,
                dict(counts.checkpoints),
                counts.latest_arrival,
            )

    def drain(self, timeout: float) -> bool:
        """Wait until everything that is on the stream now is dealt with; tell whether that was so in time."""
        until = time.monotonic() + timeout
        if not self._listed.wait(timeout):
            return False
        self._set_hurry(on=True)
        try:
            pollers = tuple(self._pollers.values())
            marks = [poller.caught_up_count for poller in pollers]
            while time.monotonic() < until:
                # Two more empty reads: the first may have started before this call.
                if all(
                    poller.ended or (poller.caught_up_count >= mark + 2 and poller.idle)
                    for poller, mark in zip(pollers, marks, strict=True)
                ):
                    return True
                if self._stopped.wait(0.02):
                    return False
            return False
        finally:
            self._set_hurry(on=False)

    def stop(self) -> None:
        """Stop reading, and processing after the invocation that runs."""
        self._stopped.set()
        for poller in tuple(self._pollers.values()):
            poller.stop()

    def join(self, seconds: float) -> None:
        """Wait for the mapping's threads."""
        until = time.monotonic() + seconds
        self._thread.join(seconds)
        for poller in tuple(self._pollers.values()):
            poller.join(max(0.0, until - time.monotonic()))

    def _set_hurry(self, *, on: bool) -> None:
        for poller in tuple(self._pollers.values()):
            poller.hurry(on=on)

    def _follow_shards(self) -> None:
        while not self._stopped.is_set():
            try:
                for shard in self._source.shards():
                    if shard not in self._pollers and not self._stopped.is_set():
                        self._pollers[shard] = self._poller(shard)
                self._listed.set()
            except SourceUnavailableError as error:
                _LOG.warning("%s: %s", self.config.logical_id, error)
            self._stopped.wait(_LIST_EVERY if self._listed.is_set() else POLL_EVERY)

    def _poller(self, shard: str) -> ShardPoller:
        progress = Progress(
            done=lambda records: self._done(shard, records),
            discard=lambda discarded: self._discard(shard, discarded),
        )
        processor = BatchProcessor(
            self.config,
            invoke=self._counted_invoke,
            progress=progress,
            now=self._clock.now,
            back_off=self._back_off,
        )
        lanes = [Lane(self.config, processor, progress) for _ in range(self.config.parallelization)]
        return ShardPoller(shard, self._source, lanes, self._read, self._stopped)

    def _read(self, records: Sequence[SourceRecord]) -> None:
        with self._lock:
            self._counts.read += len(records)

    def _counted_invoke(self, event: bytes) -> InvokeResult:
        result = self._invoke(event)
        with self._lock:
            self._counts.invocations += 1
            self._counts.failures += result.function_error is not None or result.status != 200
        return result

    def _done(self, shard: str, records: Sequence[SourceRecord]) -> None:
        if records:
            with self._lock:
                self._counts.processed += len(records)
                self._checkpoint(shard, records[-1])

    def _discard(self, shard: str, discarded: Discarded) -> None:
        """Deliver what was given up; Lambda, too, retries the delivery before it drops the records."""
        attempt = 1
        while True:
            try:
                self._destination.send(shard, discarded)
                break
            except (BotoCoreError, ClientError) as error:
                _LOG.warning("%s: the on-failure destination refused: %s", self.config.logical_id, error)
                if not self._back_off(attempt):
                    return
                attempt += 1
        with self._lock:
            self._counts.discarded += len(discarded.records)
            self._checkpoint(shard, discarded.records[-1])

    def _checkpoint(self, shard: str, record: SourceRecord) -> None:
        before = self._counts.checkpoints.get(shard)
        if before is None or int(before) < int(record.sequence):
            self._counts.checkpoints[shard] = record.sequence
        self._counts.latest_arrival = max(self._counts.latest_arrival or 0.0, record.arrival)

    def _back_off(self, retry: int) -> bool:
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(retry - 1, 10)) if retry else _SPLIT_PAUSE
        return not self._stopped.wait(pause)
