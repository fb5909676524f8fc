"""The log lines of functions: written to a file each and to CloudWatch Logs; metrics in them are counted."""

import contextlib
import functools
import logging
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_.embedded_metrics import EmbeddedMetrics, MetricStatistics

_LOG = logging.getLogger(__name__)
# PutLogEvents takes 10,000 events and 1 MiB, each event counted with 26 bytes more.
_CALL_LIMIT_EVENTS = 5_000
_CALL_LIMIT_BYTES = 900_000
_SHIP_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class LogStream:
    """A log stream of CloudWatch Logs, and the function that writes to it."""

    function: str
    group: str
    name: str


class FunctionLogs:
    """Collects the lines of every function; safe to use from many threads.

    `client` gives a client of CloudWatch Logs that calls as the function of this name.
    """

    def __init__(
        self, folder: Path, clock: Clock, client: Callable[[str], Any], metrics: RegionMetrics
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock
        self._metrics = EmbeddedMetrics(metrics)
        self._lock = threading.Lock()
        self._files: dict[str, Any] = {}
        self._client = functools.cache(client)
        self._known: set[LogStream] = set()
        self._lines: queue.Queue[tuple[LogStream, int, str] | None] = queue.Queue(maxsize=100_000)
        self._shipper = threading.Thread(target=self._ship, name="function-logs", daemon=True)
        self._shipper.start()

    def write(self, stream: LogStream, line: str) -> None:
        """Take one line; never waits, so a function is not slowed by its log."""
        self._metrics.add(stream.function, line)
        with self._lock:
            file = self._files.get(stream.function)
            if file is None:
                path = self._folder / f"{stream.function}.log"
                file = self._files[stream.function] = path.open("w", encoding="utf-8")
            file.write(line + "\n")
            file.flush()
        try:
            self._lines.put_nowait((stream, int(self._clock.now() * 1000), line))
        except queue.Full:
            _LOG.warning("a log line of %s is only in its file", stream.function)

    def metrics(self) -> Mapping[str, Mapping[str, MetricStatistics]]:
        """The embedded metrics so far, by function and metric name."""
        return self._metrics.snapshot()

    def close(self) -> None:
        """Ship what is left and close the files."""
        self._lines.put(None)
        self._shipper.join(timeout=5)
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _ship(self) -> None:
        stopping = threading.Event()
        while not stopping.wait(_SHIP_EVERY_S if self._lines.empty() else 0.05):
            for stream, events in self._collect(stopping).items():
                self._put(stream, events)

    def _collect(self, stopping: threading.Event) -> Mapping[LogStream, list[dict[str, Any]]]:
        """The waiting lines by stream, within the limits of one call."""
        events: dict[LogStream, list[dict[str, Any]]] = defaultdict(list)
        size = 0
        for _ in range(_CALL_LIMIT_EVENTS):
            try:
                item = self._lines.get_nowait()
            except queue.Empty:
                break
            if item is None:
                stopping.set()
                break
            stream, time_ms, line = item
            if line:
                events[stream].append({"timestamp": time_ms, "message": line})
            size += len(line.encode()) + 26
            if size > _CALL_LIMIT_BYTES:
                break
        return events

    def _put(self, stream: LogStream, events: list[dict[str, Any]]) -> None:
        try:
            if stream not in self._known:
                self._create(stream)
            self._client(stream.function).put_log_events(
                logGroupName=stream.group, logStreamName=stream.name, logEvents=events
            )
        except (BotoCoreError, ClientError) as error:
            _LOG.warning("%d log lines of %s are only in its file: %s", len(events), stream.function, error)

    def _create(self, stream: LogStream) -> None:
        """Create the stream, and the group when the template has none, as Lambda does."""
        client = self._client(stream.function)
        names = {"logGroupName": stream.group, "logStreamName": stream.name}
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            try:
                client.create_log_stream(**names)
            except client.exceptions.ResourceNotFoundException:
                client.create_log_group(logGroupName=stream.group)
                client.create_log_stream(**names)
        self._known.add(stream)
