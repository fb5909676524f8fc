"""The processor time and the memory of a local run's processes, by the part that each is."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

_EVERY_S = 5.0
_PARTS = {
    "emulator.timestream": "Timestream",
    "handlers.metric_writer": "writer",
    "handlers.window_aggregator": "aggregator",
}


@dataclass
class Usage:
    """Seconds of processor time by part, and MB of each part's memory by the seconds since the beginning."""

    cpu_s: Mapping[str, float] = field(default_factory=dict)
    memory_mb: list[tuple[float, Mapping[str, int]]] = field(default_factory=list)


class Processes:
    """Watches a process and its descendants, from `start` to `stop`; what ended meanwhile is not counted."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._memory: list[tuple[float, Mapping[str, int]]] = []

    def start(self) -> None:
        """Begin to count."""
        self._before = self._cpu_s()
        self._began_s = time.monotonic()
        self._thread.start()

    def stop(self) -> Usage:
        """The usage since the start."""
        self._stopped.set()
        self._thread.join()
        return Usage({part: used - self._before[part] for part, used in self._cpu_s().items()}, self._memory)

    def _watch(self) -> None:
        while not self._stopped.wait(_EVERY_S if self._memory else 0.0):
            memory = Counter[str]()
            for part, process in self._running():
                memory[part] += process.memory_info().rss // 1_000_000
            self._memory.append((time.monotonic() - self._began_s, memory))

    def _cpu_s(self) -> Counter[str]:
        used = Counter[str]()
        for part, process in self._running():
            times = process.cpu_times()
            used[part] += times.user + times.system
        return used

    def _running(self) -> list[tuple[str, psutil.Process]]:
        main = psutil.Process(self._pid)
        return [("main", main), *((_part(one), one) for one in main.children(recursive=True))]


def _part(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    return next((part for word, part in _PARTS.items() if word in words), "others")
