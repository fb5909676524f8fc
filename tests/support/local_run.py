"""A local run in a process of its own, started as a person would start it, and what speaks to it."""

import contextlib
import functools
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil

from ops.errors import OperatorError
from ops.store.choice import store_of
from ops.store.port import Store

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = re.compile(r"accepted (\d+) = stored (\d+) \+ superseded (\d+) \+ quarantined (\d+)")


_STORE_OUTPUTS = {
    "StoreKind": "STORE_KIND",
    "DatabaseName": "DATABASE_NAME",
    "TableName": "TABLE_NAME",
    "ExportDatabaseName": "EXPORT_DATABASE_NAME",
    "ExportWorkGroupName": "EXPORT_WORK_GROUP_NAME",
}


@dataclass(frozen=True)
class Ended:
    """The end of a run: its exit status, and what it printed."""

    status: int
    output: str
    errors: str

    @property
    def account(self) -> tuple[int, int, int, int]:
        """Accepted, stored, superseded, quarantined, as the summary says."""
        found = SUMMARY.search(self.output)
        assert found, f"no summary in:\n{self.output}\n{self.errors}"
        accepted, stored, superseded, quarantined = map(int, found.groups())
        return accepted, stored, superseded, quarantined


@dataclass(frozen=True)
class Reply:
    """An answer of the ingest API."""

    status: int
    headers: Mapping[str, str]
    body: Any


class LocalRun:
    """A local run in a process of its own."""

    def __init__(self, *options: str, project: Path = ROOT) -> None:
        # Further regions count up from the port, so it is the last of them.
        self.aws_port, self.port = free_ports(2)
        self.env_file = ROOT / "build" / f"run-{self.port}.env"
        self._clients: dict[tuple[Any, ...], Any] = {}
        command = [
            sys.executable,
            "-m",
            "local",
            "--port",
            str(self.port),
            "--aws-port",
            str(self.aws_port),
            "--env-file",
            str(self.env_file),
            *options,
        ]
        self.process = subprocess.Popen(
            command,
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_for(
            lambda: self.env_file.exists() or self.process.poll() is not None,
            "the run to be ready",
            seconds=120,
        )
        assert self.process.poll() is None, self.process.communicate()
        lines = (shlex.split(line)[1] for line in self.env_file.read_text().splitlines())
        self.environment = dict(line.split("=", 1) for line in lines)

    def post(self, body: Any) -> Reply:
        """POST to the ingest API; anything but bytes goes as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own URL
            self.environment["TIDEGAUGE_URL"], data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=40) as reply:  # noqa: S310
                return Reply(reply.status, dict(reply.headers), json.loads(reply.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), json.loads(error.read()))

    def printed(self) -> Mapping[str, str]:
        """The lines that it printed when it was ready, by their labels."""
        assert self.process.stdout is not None
        lines: dict[str, str] = {}
        for text in self.process.stdout:
            label, _, line = text.rstrip("\n").partition("  ")
            lines[label] = line.strip()
            if label == "read it back":
                return lines
        raise AssertionError(f"the run ended: {lines}")

    def client(self, service: str, **other: Any) -> Any:
        """An SDK client that knows no more than the environment file says, or has `other` than that."""
        key = (service, *sorted(other.items()))
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                **{
                    "endpoint_url": self.environment["AWS_ENDPOINT_URL"],
                    "region_name": self.environment["AWS_REGION"],
                    "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
                    "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
                    **other,
                },
            )
        return self._clients[key]

    def shell(self, script: str) -> str:
        """The output of a bash script in the project's folder, with the environment file loaded."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/bash", "-euc", f"source {self.env_file}; export ENV_FILE={self.env_file}; {script}"],
            cwd=ROOT,
            env={"PATH": path, "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    @functools.cached_property
    def store(self) -> Store:
        """The store of its points."""
        names = {name: f"TIDEGAUGE_{variable}" for name, variable in _STORE_OUTPUTS.items()}
        outputs = {
            name: self.environment[variable]
            for name, variable in names.items()
            if variable in self.environment
        }
        return store_of(outputs, self.client)

    def select(self, sql: str) -> list[list[Any]]:
        """The rows of a statement over all points, whose table or view it calls {table}."""
        return list(self.store.select(sql.format(table=self.store.points))[1])

    def quarantine(self, request_id: str) -> list[dict[str, Any]]:
        """The lines of the quarantine that a request left there."""
        s3, bucket = self.client("s3"), self.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
        found = s3.list_objects_v2(Bucket=bucket, Prefix="quarantine/").get("Contents", [])
        texts = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found]
        lines = [json.loads(line) for text in texts for line in text.splitlines()]
        return [line for line in lines if line["request_id"] == request_id]

    def control(self, what: str, body: Any = None, *, method: str | None = None) -> Any:
        """Call a control of the local run."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.environment['AWS_ENDPOINT_URL']}/_local/{what}"
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - our own URL
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            return json.loads(reply.read())

    def wait_until_stored(self, name: str, count: int, seconds: float = 60) -> None:
        """Wait until so many points of a metric can be queried."""
        wait_for(lambda: self.stored(name) == count, f"{count} points of {name}", seconds=seconds)

    def stored(self, name: str) -> int:
        """The number of a metric's points that can be queried."""
        try:
            ((count,),) = self.select(f"SELECT count(*) FROM {{table}} WHERE metric_name = '{name}'")
        except OperatorError as error:
            # Timestream makes columns by the first write: before it there is none of this name.
            assert "does not exist" in str(error)  # noqa: PT017 - every other refusal is a failure
            return 0
        return int(count)

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """Ask the run to end, and return how it did."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=90)
        return Ended(self.process.returncode, output, errors)

    def end_cleanly(self, number: int, *, at_least: int) -> None:
        """Ask the run to end: more points than that are stored and accounted for, and nothing is left over."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        assert children
        ended = self.end(number)
        assert ended.status == 0, ended
        accepted, stored, superseded, quarantined = ended.account
        assert accepted == stored > at_least
        assert (superseded, quarantined) == (0, 0)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive
        assert not self.env_file.exists()
        assert ended.errors == ""

    def kill(self) -> None:
        """End it for certain."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
        for client in self._clients.values():
            client.close()
        self.env_file.unlink(missing_ok=True)
        shutil.rmtree(ROOT / "build" / f"logs-{self.aws_port}", ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Consecutive ports of this machine that nobody has, below those the system gives to outgoing connections."""
    first = random.SystemRandom().randrange(20_000, 30_000)
    for port in range(first, first + 2_000):
        ports = list(range(port, port + count + 1))
        try:
            with contextlib.ExitStack() as held:
                for each in ports:
                    held.enter_context(socket.create_server(("127.0.0.1", each)))
        except OSError:
            continue
        return ports[:count]
    raise AssertionError("no free ports")


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float) -> None:
    """Wait until the condition holds; fail, saying what did not come, when the time is over."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.1)
