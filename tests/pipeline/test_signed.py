"""A run of an environment that takes signed requests only."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.documents import blocks
from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline


def test_an_environment_that_wants_signatures_is_fed_with_signed_requests(
    start: Callable[..., LocalRun],
) -> None:
    """The feed and the example for clients sign what they send, whoever does not sign is refused, and SIGTERM ends the
    run as Ctrl-C does.
    """
    run = start("--environment", "prod")
    wait_for(lambda: run.control("status")["us-east-1"]["accepted"] > 100, "the feed", seconds=60)
    body = {"metric_name": "hello", "value": 1}
    assert run.post(body).status == 403
    assert run.stored("hello") == 0
    url, headers = run.environment["TIDEGAUGE_URL"], {"Content-Type": "application/json"}
    signed = AWSRequest("POST", url, headers, json.dumps(body).encode())
    SigV4Auth(Credentials("local", "local"), "execute-api", run.environment["AWS_REGION"]).add_auth(signed)
    request = urllib.request.Request(url, signed.data, dict(signed.headers))  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=40) as reply:  # noqa: S310
        assert "accepted" in reply.read().decode()
    [example] = [one.text for one in blocks() if (one.name, one.language) == ("docs/clients.md", "python")]
    variables = {**os.environ, **run.environment, "INGEST_URL": run.environment["TIDEGAUGE_INGEST_URL"]}
    sent = subprocess.run(
        [sys.executable, "-c", example], env=variables, check=True, capture_output=True, timeout=60
    )
    assert len(sent.stdout.split()) == 1
    run.end_cleanly(signal.SIGTERM, at_least=100)
