"""The log lines of functions: written to a file each and to CloudWatch Logs; metrics in them are counted."""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_.embedded_metrics import EmbeddedMetrics, MetricStatistics
from emulator.log_shipper import LogShipper, LogStream

_LOG = logging.getLogger(__name__)


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
        self._shipper = LogShipper(client)

    def write(self, stream: LogStream, line: str) -> None:
        """Take one line; never waits, so a function is not slowed by its log."""
        self._metrics.add(stream.writer, line)
        with self._lock:
            file = self._files.get(stream.writer)
            if file is None:
                path = self._folder / f"{stream.writer}.log"
                file = self._files[stream.writer] = path.open("w", encoding="utf-8")
            file.write(line + "\n")
            file.flush()
        if not self._shipper.put(stream, int(self._clock.now() * 1000), line):
            _LOG.warning("a log line of %s is only in its file", stream.writer)

    def metrics(self) -> Mapping[str, Mapping[str, MetricStatistics]]:
        """The embedded metrics so far, by function and metric name."""
        return self._metrics.snapshot()

    def close(self) -> None:
        """Ship what is left and close the files."""
        self._shipper.close()
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()
