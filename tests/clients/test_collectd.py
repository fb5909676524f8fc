"""Debian's collectd, unmodified: its plugin write_http, and its plugin statsd as the edge that speaks UDP."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.local_run import ROOT, LocalRun, free_ports, wait_for
from tests.support.stored_rows import quarantined, stored_rows

DEBIAN = ROOT / "build" / "debian"
LIBRARIES = ":".join(map(str, (DEBIAN / "usr" / "lib").glob("*-linux-gnu")))
HOST = "h-collectd"

Sample = tuple[str, int, frozenset[tuple[str, str]]]


def _configuration(run: LocalRun, folder: Path, port: int) -> str:
    """The configuration of docs/protocols.md, in this place, beside a plugin that writes down what collectd has."""
    [documented] = [
        block.text for block in blocks() if block.name == "docs/protocols.md" and "write_http" in block.text
    ]
    pasted = documented.replace("<BaseUrl>", run.environment["TIDEGAUGE_BASE_URL"])
    assert pasted != documented
    pasted = pasted.replace('Port "8125"', f'Port "{port}"')
    return f"""
Hostname "{HOST}"
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/pid"
PluginDir "{DEBIAN}/usr/lib/collectd"
TypesDB "{DEBIAN}/usr/share/collectd/types.db"
Interval 1
LoadPlugin load
LoadPlugin memory
LoadPlugin interface
LoadPlugin csv
<Plugin csv>
  DataDir "{folder}/csv"
  StoreRates false
</Plugin>
{pasted}
"""


def _counted(folder: Path) -> Iterator[tuple[Sample, float]]:
    """The samples that collectd wrote down, as docs/protocols.md names them."""
    for file in (folder / "csv" / HOST).rglob("*-20??-??-??"):
        plugin, _, plugin_instance = file.parent.name.partition("-")
        type_, _, type_instance = re.sub(r"-20..-..-..$", "", file.name).partition("-")
        head, *lines = file.read_text().splitlines()
        dimensions = {"host": HOST, "plugin_instance": plugin_instance}
        if plugin == "statsd":
            name, dimensions["type"] = type_instance, type_
        else:
            name = plugin if type_ == plugin else f"{plugin}_{type_}"
            dimensions["type_instance"] = type_instance
        present = frozenset((key, value) for key, value in dimensions.items() if value)
        for line in lines:
            epoch, *values = line.split(",")
            for source, value in zip(head.split(",")[1:], values, strict=True):
                if value != "nan":
                    full = name if source == "value" else f"{name}_{source}"
                    yield (full, round(float(epoch) * 1000) * 10**6, present), float(value)


@pytest.fixture(scope="module")
def counted(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> dict[Sample, float]:
    """The samples of a collectd that ran for some seconds, and was sent StatsD's metrics."""
    folder = tmp_path_factory.mktemp("collectd")
    [port] = free_ports(1)
    (folder / "collectd.conf").write_text(_configuration(run, folder, port))
    command = [str(DEBIAN / "usr" / "sbin" / "collectd"), "-f", "-C", str(folder / "collectd.conf")]
    with subprocess.Popen(
        command,
        env={"LD_LIBRARY_PATH": LIBRARIES, "PATH": os.environ["PATH"]},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for((folder / "csv").exists, "collectd", seconds=20)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                for line in (
                    b"demo.requests:3|c",
                    b"demo.latency:20|ms",
                    b"demo.depth:1.5|g",
                    b"demo.users:a|s",
                ):
                    client.sendto(line, ("127.0.0.1", port))
            time.sleep(3)  # a few intervals; which of them have what is not asked below
        finally:
            process.terminate()
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    return dict(_counted(folder))


def test_every_sample_is_stored(run: LocalRun, counted: dict[Sample, float]) -> None:
    """All that collectd's own plugin csv wrote down, with its time, and nothing else."""
    names = {name for name, _, _ in counted}
    assert {"load_shortterm", "interface_if_octets_rx", "memory"} <= names

    def found() -> dict[Sample, float]:
        rows = (row for name in names for row in stored_rows(run, name) if row.name in names)
        return {
            (row.name, row.time_ns, row.dimensions): row.value
            for row in rows
            if ("host", HOST) in row.dimensions
        }

    wait_for(lambda: len(found()) >= len(counted), f"{len(counted)} samples", seconds=60)
    stored = found()
    assert stored.keys() == counted.keys()
    assert stored == pytest.approx(counted, rel=1e-6)
    assert not [line for line in quarantined(run, "") if line["format"] == "collectd"]


def test_statsd_comes_through_collectd(run: LocalRun, counted: dict[Sample, float]) -> None:
    """Under the names by which it was sent: counters, gauges, timers and sets."""
    statsd = {
        (name, dict(present)["type"]): value
        for (name, _, present), value in counted.items()
        if "demo" in name
    }
    assert statsd["demo.requests", "derive"] == 3
    assert statsd["demo.depth", "gauge"] == 1.5
    assert {"demo.users", "demo.latency-average"} <= {name for name, _ in statsd}
    run.wait_until_stored("demo.depth", sum(name == "demo.depth" for name, _, _ in counted))
