"""The way of log lines to CloudWatch Logs: taken at once, and sent by a thread of its own."""

import contextlib
import functools
import logging
import queue
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_LOG = logging.getLogger(__name__)
# PutLogEvents takes 10,000 events and 1 MiB, each event counted with 26 bytes more.
_CALL_LIMIT_EVENTS = 5_000
_CALL_LIMIT_BYTES = 900_000
_SHIP_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class LogStream:
    """A log stream of CloudWatch Logs, and the name of what writes to it."""

    writer: str
    group: str
    name: str


class LogShipper:
    """Sends lines to their streams, which it makes; safe to use from many threads.

    `client` gives a client of CloudWatch Logs that calls as the writer of this name. With `streams_kept` the oldest
    streams go when there are more.
    """

    def __init__(self, client: Callable[[str], Any], *, streams_kept: int | None = None) -> None:
        self._client = functools.cache(client)
        self._kept = streams_kept
        self._known: deque[LogStream] = deque()
        self._lines: queue.Queue[tuple[LogStream, int, str]] = queue.Queue(maxsize=100_000)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._ship, name="log-shipper", daemon=True)
        self._thread.start()

    def put(self, stream: LogStream, time_ms: int, line: str) -> bool:
        """Take a line of a time in epoch milliseconds, without waiting; False if there are too many already."""
        try:
            self._lines.put_nowait((stream, time_ms, line))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Send what is left."""
        self._closing.set()
        self._thread.join(timeout=5)

    def _ship(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(_SHIP_EVERY_S if self._lines.empty() else 0.05)
            while events := self._collect():
                for stream, some in events.items():
                    self._put(stream, some)

    def _collect(self) -> Mapping[LogStream, list[dict[str, Any]]]:
        """The waiting lines by stream, within the limits of one call."""
        events: dict[LogStream, list[dict[str, Any]]] = defaultdict(list)
        size = 0
        with contextlib.suppress(queue.Empty):
            for _ in range(_CALL_LIMIT_EVENTS):
                stream, time_ms, line = self._lines.get_nowait()
                events[stream].append({"timestamp": time_ms, "message": line or " "})
                size += len(line.encode()) + 26
                if size > _CALL_LIMIT_BYTES:
                    break
        return events

    def _put(self, stream: LogStream, events: list[dict[str, Any]]) -> None:
        """Send events in the order of their times, which CloudWatch Logs insists on and threads do not keep."""
        try:
            if stream not in self._known:
                self._create(stream)
            self._client(stream.writer).put_log_events(
                logGroupName=stream.group, logStreamName=stream.name, logEvents=sorted(events, key=_time_ms)
            )
        except (BotoCoreError, ClientError) as error:
            _LOG.warning(
                "%d log lines of %s are not in CloudWatch Logs: %s", len(events), stream.writer, error
            )

    def _create(self, stream: LogStream) -> None:
        """Create the stream, and the group when the template has none, as Lambda does."""
        client = self._client(stream.writer)
        names = {"logGroupName": stream.group, "logStreamName": stream.name}
        with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
            try:
                client.create_log_stream(**names)
            except client.exceptions.ResourceNotFoundException:
                client.create_log_group(logGroupName=stream.group)
                client.create_log_stream(**names)
        self._known.append(stream)
        if self._kept is not None and len(self._known) > self._kept:
            old = self._known.popleft()
            client.delete_log_stream(logGroupName=old.group, logStreamName=old.name)


def _time_ms(event: Mapping[str, Any]) -> int:
    return int(event["timestamp"])
