"""A server in a process of its own, to be killed, and a client that is in nobody's way."""

import http.client
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson


class Process:
    """`python -m emulator.timestream` on a free port, once `start` has returned."""

    def __init__(self, data: Path, *options: str) -> None:
        self._command = [
            sys.executable,
            "-m",
            "emulator.timestream",
            "--port",
            "0",
            "--data",
            str(data),
            *options,
        ]
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def launch(self) -> None:
        """Begin to start."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)

    def start(self) -> None:
        """Start and wait until the server answers."""
        self.launch()
        line = self.running.stdout.readline() if self.running.stdout else ""
        self.port = int(line.split("http://127.0.0.1:")[1].split()[0])

    @property
    def running(self) -> subprocess.Popen[str]:
        """The process."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End the process by SIGKILL."""
        self.running.kill()
        self._ended()

    def terminate(self) -> int:
        """End the process politely and return its exit status."""
        self.running.terminate()
        return self._ended()

    def _ended(self) -> int:
        status = self.running.wait(30)
        if self.running.stdout is not None:
            self.running.stdout.close()
        return status


class Client:
    """One connection; any trouble on it is an OSError or HTTPException."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, operation: str, request: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of an operation."""
        body = request if isinstance(request, bytes) else orjson.dumps(request)
        self._connection.request("POST", "/", body, {"X-Amz-Target": f"Timestream_20181101.{operation}"})
        response = self._connection.getresponse()
        return response.status, orjson.loads(response.read())

    def get(self, path: str) -> dict[str, Any]:
        """The answer of a control path."""
        self._connection.request("GET", path)
        return dict(orjson.loads(self._connection.getresponse().read()))

    def rows(self, query: str) -> list[list[str]]:
        """Every row of a query, all pages of it."""
        request = {"QueryString": query}
        found: list[list[str]] = []
        while True:
            status, page = self.call("Query", request)
            assert status == 200, page
            found += [[datum.get("ScalarValue", "") for datum in row["Data"]] for row in page["Rows"]]
            if "NextToken" not in page:
                return found
            request["NextToken"] = page["NextToken"]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
