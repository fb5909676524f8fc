"""A run of an environment whose clients have tokens."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_client import Reply, caller
from tests.support.local_run import LocalRun, wait_for
from tests.support.permissions import calls_of, faults, roles_of
from tests.support.project_copy import copy_project
from tests.support.remote_write_requests import STALE, body, series

pytestmark = pytest.mark.pipeline

HOUR_S = 3_600
POINT = {"metric_name": "hello", "value": 1}
REMOTE_WRITE = body(
    series([("__name__", "written"), ("host", "a")], (0.0, int(time.time() * 1000)), (STALE, 1)), metadata=1
)
WRONG = f"Bearer tg_{'x' * 43}"


class Clients:
    """A run of a project of its own, and what is typed and posted there."""

    def __init__(self, project: Path) -> None:
        environments = project / "environments"
        dev = (environments / "dev.toml").read_text()
        text = dev.replace('auth = "none"', 'auth = "token"\nremote_write = true').replace(
            "throttle_rate = 5", "throttle_rate = 500"
        )
        (environments / "prodtok.toml").write_text(text)
        self.project = project
        self.run = LocalRun("--environment", "prodtok", project=project)
        self._send = caller(self.run.environment["TIDEGAUGE_URL"].removesuffix("/metrics"))

    def ops(self, *words: str, stdin: str = "", **variables: str) -> str:
        """The standard output of a command, which does what is asked."""
        return subprocess.run(
            [sys.executable, "-m", "ops", *words],
            cwd=self.project,
            env={**os.environ, **self.run.environment, **variables},
            input=stdin,
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout

    def post(self, authorization: str | None, path: str = "/metrics", body: Any = POINT) -> Reply:
        """The answer to a request, which is a point unless something else is given."""
        headers = {} if authorization is None else {"Authorization": authorization}
        return self._send("POST", path, body, headers)

    def status(self, authorization: str | None) -> int:
        """Its status."""
        return self.post(authorization).status

    def write(self, authorization: str | None, sent: bytes = REMOTE_WRITE, encoding: str = "snappy") -> Reply:
        """The answer to a request of remote write."""
        given = {"Content-Type": "application/x-protobuf", "Content-Encoding": encoding}
        if authorization is not None:
            given["Authorization"] = authorization
        url = self.run.environment["TIDEGAUGE_REMOTE_WRITE_URL"].removesuffix("/api/v1/write")
        return caller(url)("POST", "/api/v1/write", raw=sent, headers=given)

    def during(self, fault: Mapping[str, Any], authorization: str) -> Reply:
        """The answer while AWS fails in this way."""
        self.run.control("faults", fault)
        try:
            return self.post(authorization)
        finally:
            self.run.control("faults", method="DELETE")


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    """The clients of a run that is fed."""
    made = Clients(copy_project(tmp_path / "project"))
    yield made
    made.run.kill()


def test_clients_with_tokens_and_nobody_else(clients: Clients) -> None:
    """From the first token to the revoked one, through an outage of the table; each point is its client's, and the run
    shows none of the tokens.
    """
    run = clients.run
    wait_for(lambda: run.control("status")["us-east-1"]["accepted"] > 100, "the feed", seconds=60)

    token = clients.ops("clients", "add", "edge-1").strip()
    by_basic = base64.b64encode(f"collectd:{token}".encode()).decode()
    ways = [f"Bearer {token}", f"token {token}", f"Basic {by_basic}"]
    assert [clients.status(way) for way in ways] == [202] * 3
    # What is known of a token is known at every path, as is what is not.
    empty: dict[str, Any] = {"resourceMetrics": []}
    for authorization, status in ((ways[0], 200), (None, 401), (WRONG, 401)):
        assert clients.post(authorization, "/v1/metrics", empty).status == status

    # Nobody, and those who guess.
    for authorization in (None, WRONG, "Bearer", "Basic Og==", f"Bearer {token}x", f"Digest {token}"):
        refused = clients.post(authorization)
        assert refused.status == 401, authorization
        assert refused.headers["WWW-Authenticate"] == 'Basic realm="metrics-prodtok"'
        assert refused.json["code"] == "unauthorized"

    # What API Gateway has heard it goes on with while the table is out; of others nobody is told that they are wrong.
    other = clients.ops("clients", "add", "edge-2").strip()
    for fault in ({"error": "ThrottlingException"}, {"status": 500}):
        outage = {"service": "dynamodb", "operation": "GetItem", **fault}
        assert clients.during(outage, ways[0]).status == 202
        unknown = clients.during(outage, f"Bearer {other}")
        assert (unknown.status, unknown.headers["Retry-After"]) == (503, "2")
    assert clients.status(f"Bearer {other}") == 202

    # Remote write, as Prometheus sends it: the same tokens, by a URL of its own.
    assert clients.write(ways[0]).status == 204
    run.wait_until_stored("written", 1)
    for authorization in (None, WRONG):
        refused = clients.write(authorization)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="metrics-prodtok"')
    assert clients.write(ways[0], encoding="zstd").status == 415
    run.control("faults", {"service": "kinesis", "operation": "PutRecord", "status": 500})
    busy = clients.write(ways[0])
    assert (busy.status, busy.headers["Retry-After"]) == (503, "2")
    run.control("faults", method="DELETE")
    assert clients.write(ways[0], b"\xff" * 99).status == 400

    # One point that cannot be stored, under its client's name.
    request = clients.post(ways[0], body={"metric_name": "x" * 3000, "value": 1})
    assert request.status == 202
    wait_for(lambda: bool(run.quarantine(request.json["request_id"])), "the quarantine", seconds=60)
    [line] = run.quarantine(request.json["request_id"])
    assert line["client"] == "edge-1"

    # A second token beside the first, and then instead of it.
    new = clients.ops("clients", "rotate", "edge-1", "--overlap", "1h").strip()
    assert [clients.status(f"Bearer {one}") for one in (token, new)] == [202, 202]
    run.control("clock", {"advance_seconds": HOUR_S + 600})
    assert [clients.status(f"Bearer {one}") for one in (token, new)] == [401, 202]

    # At once, although API Gateway has just been told whose token it is.
    clients.ops("clients", "revoke", "edge-1")
    assert [clients.status(f"Bearer {one}") for one in (token, new, other)] == [401, 401, 202]

    sent = clients.ops("send", "-", stdin='[{"metric_name": "sent", "value": 1}]', TIDEGAUGE_TOKEN=other)
    assert "sent 1 point" in sent
    run.wait_until_stored("sent", 1)
    listed = {one["client"]: one for one in json.loads(clients.ops("clients", "list", "--format", "json"))}
    assert (listed["edge-1"]["tokens"], listed["edge-2"]["tokens"]) == (0, 1)
    assert (listed["edge-1"]["stored"] >= 3, listed["edge-1"]["quarantined"]) == (True, 1)
    assert listed["local"]["stored"] > 100

    logged = clients.ops("logs", "--since", "1d", "--format", "jsonl")
    logs = "".join(path.read_text() for path in (clients.project / "build").glob("logs*/*"))
    assert r"{\"refused\":\"expired\",\"client\":\"edge-1\"" in logged
    shown = run.control("permissions")
    policies, calls = roles_of(run.client("iam")), calls_of(shown)
    asking = [role for role in policies if "Authorizer" in role or "RemoteWrite" in role]
    assert (len(asking), shown["refused"]) == (3, [])
    found = [one for role in asking for one in faults(policies[role], calls[role])]
    # One request in a hundred is traced.
    assert [one for one in found if " xray:" not in one] == []

    ended = run.end(signal.SIGINT)
    assert ended.status == 0
    printed = [logged, logs, ended.output, ended.errors, listed]
    tokens = [token, new, other, run.environment["TIDEGAUGE_TOKEN"]]
    assert not [one for one in tokens if any(one in str(text) for text in printed)]
