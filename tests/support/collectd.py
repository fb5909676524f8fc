"""Debian's collectd in a process of its own, for some seconds."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.documents import blocks
from tests.support.local_run import ROOT, LocalRun, free_ports, wait_for

DEBIAN = ROOT / "build" / "debian"
LIBRARIES = ":".join(map(str, (DEBIAN / "usr" / "lib").glob("*-linux-gnu")))
HOST = "h-collectd"

ANY_TOKEN = "tg_anything"

Sample = tuple[str, int, frozenset[tuple[str, str]]]


def _configuration(run: LocalRun, folder: Path, port: int, token: str) -> str:
    """The configuration of docs/protocols.md, in this place, beside a plugin that writes down what collectd has."""
    [documented] = [
        block.text for block in blocks() if block.name == "docs/protocols.md" and "write_http" in block.text
    ]
    pasted = documented.replace("<BaseUrl>", run.environment["TIDEGAUGE_BASE_URL"])
    assert pasted != documented
    pasted = pasted.replace('Port "8125"', f'Port "{port}"').replace("tg_…", token)
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


def counted_by_collectd(run: LocalRun, folder: Path, token: str = ANY_TOKEN) -> dict[Sample, float]:
    """The samples of a collectd that ran for some seconds, and was sent StatsD's metrics."""
    [port] = free_ports(1)
    (folder / "collectd.conf").write_text(_configuration(run, folder, port, token))
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
