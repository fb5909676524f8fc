"""Metrics of this machine: CPU, memory, disk, network and its largest processes."""

import socket
from collections.abc import Iterator, Mapping
from typing import Any

import psutil

SERIES = 100
"""About how many series a sample has; the largest processes fill what the machine itself leaves."""

_PER_PROCESS = 5
_MAX_DEVICES = 4

Metric = dict[str, Any]


class Host:
    """Samples this machine; the first sample's CPU percentages are since the object was made."""

    def __init__(self) -> None:
        self._name = socket.gethostname()
        self._processes: dict[int, psutil.Process] = {}
        psutil.cpu_times_percent(percpu=True)

    def sample(self, timestamp_ms: int) -> list[Metric]:
        """About `SERIES` metrics of this moment, in the ingest API's shape, stamped `timestamp_ms`."""
        metrics = [
            self._metric(timestamp_ms, name, value, dimensions)
            for name, value, dimensions in (*_cpu(), *_memory(), *_disk(), *_network())
        ]
        room = max(0, SERIES - len(metrics)) // _PER_PROCESS
        metrics += [
            self._metric(timestamp_ms, name, value, dimensions)
            for name, value, dimensions in self._largest_processes(room)
        ]
        return metrics

    def _metric(self, timestamp_ms: int, name: str, value: float, dimensions: Mapping[str, str]) -> Metric:
        return {
            "metric_name": name,
            "value": value,
            "metric_type": "system",
            "timestamp": timestamp_ms,
            "dimensions": {"host": self._name, **dimensions},
        }

    def _largest_processes(self, count: int) -> Iterator["_Reading"]:
        """Of the processes that hold the most memory; one that ends meanwhile is left out."""
        sizes = []
        for process in psutil.process_iter(["memory_info"]):
            memory = process.info["memory_info"]
            if memory is not None:
                sizes.append((memory.rss, process.pid, process, memory.vms))
        sizes.sort(key=lambda size: (-size[0], size[1]))
        # The same objects as last time: psutil measures CPU since the last question to the object.
        known = {pid: self._processes.get(pid, process) for _, pid, process, _ in sizes[:count]}
        self._processes = known
        for rss, pid, _, virtual in sizes[:count]:
            try:
                process = known[pid]
                dimensions = {"process": process.name()[:64] or "unnamed", "pid": str(pid)}
                cpu, threads = process.cpu_percent(), process.num_threads()
                switches = sum(process.num_ctx_switches())
            except psutil.Error:
                continue
            yield "process.cpu", cpu, dimensions
            yield "process.memory", rss, dimensions
            yield "process.virtual_memory", virtual, dimensions
            yield "process.context_switches", switches, dimensions
            yield "process.threads", threads, dimensions


_Reading = tuple[str, float, Mapping[str, str]]


def _cpu() -> Iterator[_Reading]:
    for core, times in enumerate(psutil.cpu_times_percent(percpu=True)):
        for state in ("user", "system", "idle", "iowait"):
            if hasattr(times, state):
                yield f"cpu.{state}", getattr(times, state), {"core": str(core)}
    for minutes, load in zip((1, 5, 15), psutil.getloadavg(), strict=True):
        yield "cpu.load", load, {"minutes": str(minutes)}
    stats = psutil.cpu_stats()
    yield "cpu.context_switches", stats.ctx_switches, {}
    yield "cpu.interrupts", stats.interrupts, {}


def _memory() -> Iterator[_Reading]:
    memory = psutil.virtual_memory()
    for field in ("total", "available", "used", "free", "cached", "percent"):
        if hasattr(memory, field):
            yield f"memory.{field}", getattr(memory, field), {}
    swap = psutil.swap_memory()
    yield "swap.used", swap.used, {}
    yield "swap.percent", swap.percent, {}


def _disk() -> Iterator[_Reading]:
    usage = psutil.disk_usage("/")
    for field in ("total", "used", "free", "percent"):
        yield f"disk.{field}", getattr(usage, field), {"mount": "/"}
    counters = psutil.disk_io_counters(perdisk=True) or {}
    for device, io in _busiest(counters, "read_bytes", "write_bytes"):
        for field in ("read_bytes", "write_bytes", "read_count", "write_count"):
            yield f"disk.{field}", getattr(io, field), {"device": device}


def _network() -> Iterator[_Reading]:
    counters = psutil.net_io_counters(pernic=True)
    for interface, io in _busiest(counters, "bytes_sent", "bytes_recv"):
        for field in ("bytes_sent", "bytes_recv", "packets_sent", "packets_recv", "errin", "dropin"):
            yield f"network.{field}", getattr(io, field), {"interface": interface}


def _busiest(counters: Mapping[str, Any], *fields: str) -> list[tuple[str, Any]]:
    """The devices that have moved the most bytes: a machine may have hundreds that have moved none."""
    ranked = sorted(counters.items(), key=lambda item: (-sum(getattr(item[1], f) for f in fields), item[0]))
    return ranked[:_MAX_DEVICES]
