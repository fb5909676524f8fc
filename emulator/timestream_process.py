"""The emulated Timestream in a process of its own, reached over HTTP."""

import atexit
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import urllib3

from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.errors import EngineError
from emulator.http_client import HttpClient
from emulator.http_server import Response
from emulator.responses import error

_START_SECONDS = 30.0
# After a kill all that was written since the last checkpoint is read again.
_RESTART_SECONDS = 600.0
_STOP_SECONDS = 10.0
_LONGEST_ANSWER_S = 900.0


def timestream_command(port: int, data_dir: Path, s3_endpoint: str) -> list[str]:
    """The command that starts the process."""
    return [
        sys.executable, "-m", "emulator.timestream",
        "--port", str(port), "--data", str(data_dir), "--s3-endpoint", s3_endpoint,
        "--until-stdin-closes",
    ]  # fmt: skip


def free_port() -> int:
    """A port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NoTimestream:
    """The place of the process where nothing has a Timestream: it answers as AWS answers who may not use it."""

    def wait_until_ready(self) -> None:
        """Nothing is waited for."""

    def check(self) -> None:
        """Nothing can have ended."""

    def forward(self, request: AwsRequest) -> Response:
        """AWS's refusal: https://github.com/influxdata/telegraf/issues/18045"""
        words = "Only existing Timestream for LiveAnalytics customers can access the service."
        return error(request, "AccessDeniedException", f"{words} No template here has a Timestream.", 400)

    def control(self, _method: str, _path: str, payload: Any = None) -> tuple[int, Any]:
        """The state of nothing; a fault of its own has nothing to strike."""
        return (400, {"error": "no Timestream runs here"}) if payload else (200, {})

    def follow(self, clock: Clock, closing: contextlib.ExitStack) -> None:
        """Nothing has a clock."""

    def close(self) -> None:
        """Nothing runs."""


class TimestreamProcess:
    """The running process. One that was killed is started again: what it acknowledged is in its files."""

    def __init__(
        self, port: int, command: Sequence[str], *, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        self._command, self._environment = command, dict(environment)
        self._offset_s = 0.0
        self._comes_back = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        self._process = self._start()
        atexit.register(self.close)  # also where a caller ends without closing
        self._calls = HttpClient("127.0.0.1", port, timeout_s=_LONGEST_ANSWER_S)
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", port, retries=False)

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._process.pid

    def wait_until_ready(self, within_s: float = _START_SECONDS) -> None:
        """Wait until the engine answers; EngineError with the last line of its log when it ends or stays silent."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self._expect_running()
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                if self._pool.request("GET", "/_local/status", timeout=2).status == 200:
                    return
            time.sleep(0.02)
        raise EngineError(
            f"the Timestream engine did not answer within {within_s:.0f} s; {self._last_line()}"
        )

    def check(self) -> None:
        """Start the engine again if it was killed; EngineError when it has ended by itself."""
        while self._was_killed():
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._comes_back = True
            self._process = self._start()
            try:
                self.wait_until_ready(_RESTART_SECONDS)
                self._comes_back = False
                self._set_offset(self._offset_s)
            except EngineError:
                if not self._was_killed():  # again, that is
                    raise
        self._expect_running()

    def _was_killed(self) -> bool:
        return self._process.poll() == -signal.SIGKILL

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as output:
            # A group of its own, so that Ctrl-C reaches this process alone, which then ends the engine in order.
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,  # never written to: its closing tells the engine that this process is gone
                stdout=output,
                stderr=output,
                env=self._environment,
                process_group=0,
            )

    def _expect_running(self) -> None:
        status = self._process.poll()
        if status is not None:
            raise EngineError(f"the Timestream engine ended with status {status}; {self._last_line()}")

    def forward(self, request: AwsRequest) -> Response:
        """Pass a request on unchanged and return the engine's answer; OSError when it gave none.

        The Host stays: by it the engine answers where Timestream is, so that callers come this way again.
        """
        return self._calls.send(request)

    def control(self, method: str, path: str, payload: Any = None) -> tuple[int, Any]:
        """Call the engine's own control interface; returns the status and the JSON, 503 while it does not run."""
        body = None if payload is None else orjson.dumps(payload)
        try:
            answer = self._pool.request(
                method, path, body=body, headers={"Content-Type": "application/json"}, timeout=10
            )
        except urllib3.exceptions.HTTPError as error:
            return 503, {"error": f"the Timestream engine does not answer: {type(error).__name__}"}
        try:
            return answer.status, orjson.loads(answer.data or b"{}")
        except orjson.JSONDecodeError:
            return answer.status, {"error": answer.data.decode("utf-8", "replace")}

    def follow(self, clock: Clock, closing: contextlib.ExitStack) -> None:
        """Keep the engine's clock with this one until `closing` ends."""
        closing.callback(clock.on_advance(self._set_offset))
        if clock.offset_s:
            self._set_offset(clock.offset_s)

    def _set_offset(self, offset: float) -> None:
        self._offset_s = offset
        status, answer = self.control("POST", "/_local/clock", {"offset_seconds": offset})
        # While it is gone or starts, nothing is wrong: it gets this offset when it runs.
        if status != 200 and not (self._was_killed() or self._comes_back):
            raise EngineError(f"the Timestream engine refused to move its clock: {answer}")

    def close(self) -> None:
        """End the engine's process and wait until it is gone."""
        atexit.unregister(self.close)
        self._pool.close()
        self._calls.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _last_line(self) -> str:
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return f"the last line of its log: {lines[-1]}" if lines else f"it wrote nothing to {self._log}"
