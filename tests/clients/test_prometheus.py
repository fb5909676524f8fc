"""Debian's Prometheus and vmagent, unmodified: they scrape a target and write here, also across an outage."""

import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.documents import blocks
from tests.support.local_run import ROOT, LocalRun, free_ports, wait_for
from tests.support.project_copy import copy_project
from tests.support.stored_rows import Row, quarantined, stored_rows

BIN = ROOT / "build" / "debian" / "usr" / "bin"
# What a scrape finds, in Prometheus's text format; {} is the number of the scrape.
EXPOSED = """\
demo_{who}_total {{path="/"}} {number}
demo_{who}_zero 0
demo_{who}_nan NaN
demo_{who}_inf{{le="+Inf"}} +Inf
demo_{who}_bucket{{le="0.5"}} 1
"""


class Target:
    """A program that is scraped, and remembers the number of each scrape."""

    def __init__(self, who: str) -> None:
        self.who, self.scrapes = who, 0
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """The metrics."""
                target.scrapes += 1
                text = EXPOSED.format(who=target.who, number=target.scrapes).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """A run of an environment with remote write, without the feed."""
    project = copy_project(tmp_path_factory.mktemp("remote-write") / "project")
    file = project / "environments" / "dev.toml"
    file.write_text(file.read_text().replace("[api]\n", "[api]\nremote_write = true\n"))
    run = LocalRun("--no-feed", project=project)
    yield run
    run.kill()


def _scraping(target: Target) -> str:
    return f"""
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: demo
  static_configs: [{{targets: ["{target.address}"]}}]
"""


def _documented(name: str) -> str:
    [text] = [block.text for block in blocks() if block.name == "docs/protocols.md" and name in block.text]
    return text


def _prometheus(run: LocalRun, target: Target, folder: Path) -> Sequence[str]:
    """Prometheus, with what docs/protocols.md has, and this target."""
    pasted = _documented("retry_on_http_429").replace(
        "<RemoteWriteUrl>", run.environment["TIDEGAUGE_REMOTE_WRITE_URL"]
    )
    token = folder / "token"
    token.write_text("tg_x")
    pasted = pasted.replace("/etc/prometheus/tidegauge.token", str(token))
    (folder / "prometheus.yml").write_text(pasted + _scraping(target))
    [port] = free_ports(1)
    return [
        str(BIN / "prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _vmagent(run: LocalRun, target: Target, folder: Path) -> Sequence[str]:
    """Vmagent, with the options of docs/protocols.md, and this target."""
    (folder / "scrape.yml").write_text(_scraping(target))
    [port] = free_ports(1)
    return [
        str(BIN / "vmagent"),
        f"-promscrape.config={folder}/scrape.yml",
        f"-remoteWrite.url={run.environment['TIDEGAUGE_REMOTE_WRITE_URL']}",
        f"-remoteWrite.tmpDataPath={folder}/data",
        f"-httpListenAddr=127.0.0.1:{port}",
    ]


Command = Callable[[LocalRun, Target, Path], Sequence[str]]


@pytest.mark.parametrize("client", [_prometheus, _vmagent], ids=["prometheus", "vmagent"])
def test_every_scrape_is_stored_across_an_outage(writable: LocalRun, client: Command, tmp_path: Path) -> None:
    """Each scrape's counter and its zero are rows with the job and the instance; what is not finite is set aside."""
    who = "p" if client is _prometheus else "v"
    target = Target(who)
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(client(writable, target, tmp_path), stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(lambda: len(_rows(writable, who, "total")) >= 2, f"scrapes of {who}", seconds=60)
            writable.control("faults", {"service": "kinesis", "operation": "PutRecord", "status": 500})
            during = target.scrapes + 4
            wait_for(lambda: target.scrapes >= during, "an outage of some scrapes", seconds=30)
            writable.control("faults", method="DELETE")
            all_of_them = {float(number) for number in range(1, during + 1)}
            # Several connections send, so what was held back comes in any order.
            wait_for(lambda: _counters(writable, who) >= all_of_them, "what was held back", seconds=100)
        finally:
            process.terminate()
    target.server.shutdown()
    target.server.server_close()
    rows = _rows(writable, who, "total")
    assert len({row.value for row in rows}) == len(rows) <= target.scrapes
    [series] = {row.dimensions for row in _rows(writable, who, "total")}
    assert series == {("path", "/"), ("job", "demo"), ("instance", target.address)}
    assert {row.value for row in _rows(writable, who, "zero")} == {0.0}
    assert {dict(row.dimensions)["le"] for row in _rows(writable, who, "bucket")} == {"0.5"}
    refused = quarantined(writable, f"demo_{who}_")
    assert {line["reason"] for line in refused} == {"value_not_finite"}
    names = {line["payload"]["metric_name"] for line in refused}
    assert names == {f"demo_{who}_nan", f"demo_{who}_inf"}
    assert {line["format"] for line in refused} == {"remote-write"}


def _rows(run: LocalRun, who: str, what: str) -> list[Row]:
    return stored_rows(run, f"demo_{who}_{what}")


def _counters(run: LocalRun, who: str) -> set[float]:
    """The numbers of the scrapes whose counter is stored."""
    return {row.value for row in _rows(run, who, "total")}
