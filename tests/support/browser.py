"""Headless Chromium, and pages of different origins on this machine for it to open."""

import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_CHROMIUM = "chromium"
# Without these it refuses to run as root, and looks for its maker's servers.
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
# A page's own time stands still while it waits for an answer, so this is no limit for the answer.
_PAGE_MS = 20_000


@dataclass(frozen=True)
class Shown:
    """A page once its scripts have run: the document, and what the console says."""

    document: str
    console: str


class Site:
    """A page at an origin of its own. A context manager, for as long as it is served."""

    def __init__(self, page: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's own name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Site":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def show(url: str, query: Mapping[str, str], folder: Path) -> Shown:
    """Open a page in a new browser, whose profile is kept in a folder, and wait until its scripts are done."""
    done = subprocess.run(
        [
            _CHROMIUM,
            *_OPTIONS,
            f"--user-data-dir={folder}",
            f"--virtual-time-budget={_PAGE_MS}",
            "--enable-logging=stderr",
            "--dump-dom",
            f"{url}/?{urlencode(query)}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Shown(done.stdout, console)
