"""An execution environment: one process that runs one function, one event at a time."""

import contextlib
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.clock import Clock
from emulator.faults import FaultRule
from emulator.iam.credentials import Issuer
from emulator.lambda_ import invocation
from emulator.lambda_.configuration import FunctionConfig
from emulator.lambda_.invocation import InvokeResult
from emulator.lambda_.logs import FunctionLogs
from emulator.lambda_.runtime_api import Answered, Event, Exited, InitFailed, Ready, RuntimeApi, Signal
from emulator.log_shipper import LogStream

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_AWS_URL = re.compile(r"https://([a-z0-9.-]+\.amazonaws\.com)/?")
# Lambda gives the init phase ten seconds; what is left of it then counts as part of the invocation.
_INIT_S = 10.0

Spawn = Callable[[list[str], Mapping[str, str]], "subprocess.Popen[bytes]"]


@dataclass(frozen=True, slots=True)
class Installation:
    """The folders of the code, the endpoint that the functions talk to, and the credentials of their roles."""

    code: Path
    runtime: Path
    clock_file: Path
    endpoint_url: str
    act_as: Issuer


class ExecutionEnvironment:
    """Runs a function's process on demand; after a timeout or a crash the next event starts a new one."""

    def __init__(
        self,
        config: FunctionConfig,
        installation: Installation,
        clock: Clock,
        logs: FunctionLogs,
        spawn: Spawn,
    ) -> None:
        self._config = config
        self._installation = installation
        self._clock = clock
        self._logs = logs
        self._spawn = spawn
        self._running: _Running | None = None
        self._closed = threading.Event()

    def invoke(
        self, payload: bytes, *, trace: str, fault: FaultRule | None = None, request_id: str = ""
    ) -> InvokeResult:
        """Run one event to its end: an answer, an error, a crash, the function's timeout, or a fault.

        An event that names its request has that id, any other a new one.
        """
        request_id = request_id or str(uuid.uuid4())
        if self._closed.is_set():
            return invocation.stopping()
        if fault is not None and fault.fault == "init":
            return self._not_init_s(None, request_id)
        running = self._running
        init_s: float | None = None
        if running is None or not running.alive:
            self.stop()
            running = self._running = self._start()
            if self._closed.is_set():
                self.stop()
                return invocation.stopping()
            began = time.monotonic()
            outcome = running.wait((Ready, InitFailed, Exited), _INIT_S)
            init_s = time.monotonic() - began
            if isinstance(outcome, InitFailed | Exited):
                return self._not_init_s(outcome, request_id)
        running.log(f"START RequestId: {request_id} Version: $LATEST")
        began = time.monotonic()
        result = self._run(running, request_id, payload, trace, fault)
        running.log(f"END RequestId: {request_id}")
        report = self._report(request_id, time.monotonic() - began, init_s)
        used = f"\tMax Memory Used: {self._config.memory_mb} MB"
        running.log(report + used if fault is not None and fault.fault == "memory" else report)
        return result

    def stop(self) -> None:
        """Kill the process and whatever it started."""
        running, self._running = self._running, None
        if running is not None:
            running.kill()

    def close(self) -> None:
        """Stop for good."""
        self._closed.set()
        self.stop()

    def _run(
        self, running: "_Running", request_id: str, payload: bytes, trace: str, fault: FaultRule | None
    ) -> InvokeResult:
        timeout_s = self._config.timeout_s
        running.api.offer(
            Event(
                request_id=request_id,
                payload=payload,
                deadline_ms=int((self._clock.now() + timeout_s) * 1000),
                function_arn=self._config.arn,
                trace=trace,
            )
        )
        struck = fault is not None and fault.when == "before"
        wait_s = min(timeout_s, fault.latency_ms / 1000) if fault and struck else timeout_s
        outcome = running.wait((Answered, InitFailed, Exited), wait_s)
        if isinstance(outcome, Answered) and fault is None:
            return outcome.result
        self.stop()
        if fault is not None and fault.fault != "timeout":
            return invocation.exited(request_id, -signal.SIGKILL)
        if outcome is None or fault is not None:
            running.log(f"{request_id} Task timed out after {timeout_s:.2f} seconds")
            return invocation.timed_out(request_id, timeout_s)
        return self._not_init_s(outcome, request_id)

    def _not_init_s(self, outcome: Signal | None, request_id: str) -> InvokeResult:
        self.stop()
        if isinstance(outcome, InitFailed):
            return outcome.result
        return invocation.exited(request_id, outcome.status if isinstance(outcome, Exited) else 1)

    def _report(self, request_id: str, duration_s: float, init_s: float | None) -> str:
        milliseconds = duration_s * 1000
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {self._config.memory_mb} MB"
        )
        return report if init_s is None else f"{report}\tInit Duration: {init_s * 1000:.2f} ms"

    def _start(self) -> "_Running":
        day = self._clock.utcnow().strftime("%Y/%m/%d")
        stream = LogStream(
            self._config.name, self._config.log_group, f"{day}/[$LATEST]{secrets.token_hex(16)}"
        )
        api = RuntimeApi()
        installation = self._installation
        command = [
            sys.executable,
            "-I",
            "-S",
            "-X",
            "utf8",
            # On Lambda the code is read-only; here, too, nothing is written beside it.
            "-X",
            f"pycache_prefix={installation.runtime.parent / 'pycache'}",
            str(_BOOTSTRAP),
            str(os.getpid()),
            str(installation.clock_file),
            str(installation.code),
            str(installation.runtime),
            self._config.handler,
        ]
        process = self._spawn(command, _variables(self._config, installation, api.address, stream))
        return _Running(process, api, lambda line: self._logs.write(stream, line))


def _variables(
    config: FunctionConfig, installation: Installation, address: str, stream: LogStream
) -> Mapping[str, str]:
    """The function's whole environment: its template's variables and those Lambda reserves.

    The address of an AWS host among the former leads to the local endpoint, as the name does by DNS on AWS.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    caller = installation.act_as(config.role_arn, config.name)
    reserved = {
        "AWS_ACCESS_KEY_ID": caller.access_key,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_ENDPOINT_URL": installation.endpoint_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": config.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": config.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream.name,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": config.region,
        "AWS_SECRET_ACCESS_KEY": caller.secret_key,
        "AWS_SESSION_TOKEN": caller.session_token or "local",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_RUNTIME_DIR": str(installation.runtime),
        "LAMBDA_TASK_ROOT": str(installation.code),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "_HANDLER": config.handler,
    }
    if config.log_level is not None:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = config.log_level
    given = {
        name: f"{installation.endpoint_url}/_host/{match[1]}"
        if (match := _AWS_URL.fullmatch(value))
        else value
        for name, value in config.environment.items()
    }
    return {**given, **reserved}


class _Running:
    """A process with its Runtime API, its output read line by line and its end watched."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", api: RuntimeApi, log: Callable[[str], None]
    ) -> None:
        self._process = process
        self.api = api
        self.log = log
        self._reader = threading.Thread(target=self._read, name="function-output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, name="function-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        """True if the process runs."""
        return self._process.poll() is None

    def wait(self, kinds: tuple[type, ...], timeout_s: float) -> Signal | None:
        """The first signal of these kinds; None when none comes within `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                found = self.api.signals.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return None
            if isinstance(found, kinds):
                return found

    def kill(self) -> None:
        """Kill the process with its children and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.api.close()
        self._reader.join(timeout=1)

    def _read(self) -> None:
        output = self._process.stdout
        if output is None:
            return
        with output:
            for raw in output:
                # The runtime client joins the lines of a traceback with carriage returns.
                line = raw.decode("utf-8", "replace").rstrip("\n").replace("\r", "\n")
                self.log(line)

    def _watch(self) -> None:
        self.api.signals.put(Exited(self._process.wait()))
