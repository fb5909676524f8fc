"""An event source mapping: a poller for each shard, and the delivery of records that are given up."""

import functools
import logging
import threading
import time
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_.event_source_mapping.batch import BatchProcessor, Discarded
from emulator.lambda_.event_source_mapping.batcher import Batcher
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.destination import Destination
from emulator.lambda_.event_source_mapping.event_source import (
    EventSource,
    SourceRecord,
    SourceUnavailableError,
)
from emulator.lambda_.event_source_mapping.redelivery import Redelivery, Strikes
from emulator.lambda_.event_source_mapping.shard_poller import IDLE_S, POLL_EVERY_S, ShardPoller
from emulator.lambda_.invocation import InvokeResult
from emulator.writes import Writes

_LOG = logging.getLogger(__name__)
_LIST_EVERY_S = 5.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 20.0
_SPLIT_PAUSE_S = 0.02
# So soon a pause is over when the clock is moved beyond its end.
_SLICE_S = 0.1


class EventSourceMapping:
    """Reads a stream and has a function process it until it is closed."""

    def __init__(
        self,
        config: MappingConfig,
        source: EventSource,
        *,
        invoke: Callable[[bytes], InvokeResult],
        destination: Destination | None,
        clock: Clock,
        metrics: RegionMetrics | None = None,
        writes: Writes | None = None,
        strikes: Strikes | None = None,
    ) -> None:
        """`strikes` tells the faults of a delivery."""
        self.config = config
        self._metrics = metrics or RegionMetrics(clock)
        self._source = source
        self._invoke = invoke
        self._destination = destination
        self._redelivery = functools.partial(Redelivery, invoke, *([strikes] if strikes else []))
        self._clock = clock
        self._idle_s = IDLE_S if writes else 0.0
        self.given_up = 0
        self._stopped = threading.Event()
        self._pollers: dict[str, ShardPoller] = {}
        self._listed = threading.Event()
        self._forget = [clock.on_advance(self._wake)]
        if writes:
            self._forget.append(writes.add(self._look))
        self._thread = threading.Thread(
            target=self._follow_shards, name=f"mapping-{config.uuid}", daemon=True
        )
        self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """True if everything that is on the stream now was processed or given up within `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        if not self._listed.wait(timeout_s):
            return False
        self._flush(on=True)
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
            self._flush(on=False)

    def stop(self) -> None:
        """Stop reading, and processing after the invocation that runs. A second call does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        for forget in self._forget:
            forget()
        for poller in tuple(self._pollers.values()):
            poller.stop()

    def join(self, timeout_s: float) -> None:
        """Wait for the mapping's threads, up to `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        self._thread.join(timeout_s)
        for poller in tuple(self._pollers.values()):
            poller.join(max(0.0, until - time.monotonic()))

    def _flush(self, *, on: bool) -> None:
        for poller in tuple(self._pollers.values()):
            poller.flush(on=on)

    def _wake(self, _offset_s: float) -> None:
        for poller in tuple(self._pollers.values()):
            poller.wake()

    def _look(self, service: str) -> None:
        if f":{service}:" in self.config.source_arn:
            for poller in tuple(self._pollers.values()):
                poller.look()

    def _follow_shards(self) -> None:
        while not self._stopped.is_set():
            try:
                for shard in self._source.shards():
                    if shard not in self._pollers and not self._stopped.is_set():
                        self._pollers[shard] = self._poller(shard)
                self._listed.set()
            except SourceUnavailableError as error:
                _LOG.warning("%s: %s", self.config.logical_id, error)
            self._stopped.wait(_LIST_EVERY_S if self._listed.is_set() else POLL_EVERY_S)

    def _poller(self, shard: str) -> ShardPoller:
        discard = functools.partial(self._discard, shard)
        processor = BatchProcessor(
            self.config,
            invoke=self._invoke,
            discard=discard,
            now=self._clock.now,
            back_off=self._back_off,
            observe=self._observe,
        )
        batchers = [
            Batcher(self.config, processor, discard, self._clock.now, self._redelivery())
            for _ in range(self.config.parallelization)
        ]
        return ShardPoller(shard, self._source, batchers, self._stopped, idle_s=self._idle_s)

    def _observe(self, records: Sequence[SourceRecord], sent_s: float, failed: bool) -> None:
        """Put CloudWatch's metrics of an invocation: how old its last record was when it began, and its events."""
        age_ms = max(0.0, sent_s - records[-1].arrival_s) * 1000
        name = {"FunctionName": self.config.function_name}
        self._metrics.put("AWS/Lambda", "IteratorAge", age_ms, name, unit="Milliseconds")
        self._count("InvokedEventCount", len(records))
        if failed:
            self._count("FailedInvokeEventCount", len(records))

    def _count(self, metric: str, events: int) -> None:
        """Put a metric of the mapping's own, if it is configured to have them.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
        """
        if self.config.counts_events:
            place = {"EventSourceMappingUUID": self.config.uuid}
            self._metrics.put("AWS/Lambda", metric, events, place)

    def _discard(self, shard: str, discarded: Discarded) -> None:
        """Deliver what was given up, if there is a destination; Lambda, too, retries that before it drops records."""
        attempt = 1
        while self._destination is not None:
            try:
                self._destination.send(shard, discarded)
                self.given_up += len(discarded.records)
                self._count("OnFailureDestinationDeliveredEventCount", len(discarded.records))
                return
            except (BotoCoreError, ClientError) as error:
                _LOG.warning("%s: the on-failure destination refused: %s", self.config.logical_id, error)
                if not self._back_off(attempt):
                    break
                attempt += 1
        self.given_up += len(discarded.records)
        self._count("DroppedEventCount", len(discarded.records))

    def _back_off(self, retry: int) -> bool:
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(retry - 1, 10)) if retry else _SPLIT_PAUSE_S
        until_s = self._clock.now() + pause_s
        while (left_s := until_s - self._clock.now()) > 0:
            if self._stopped.wait(min(left_s, _SLICE_S)):
                return False
        return not self._stopped.is_set()
