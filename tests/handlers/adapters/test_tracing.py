"""Tracing only what is traced."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from handlers.adapters.aws import client
from handlers.adapters.tracing import trace_if_sampled
s3 = client("s3", read_timeout=1, attempts=1)
trace_if_sampled(os.environ)
loaded = "aws_xray_sdk" in sys.modules
if loaded:
    from concurrent.futures import ThreadPoolExecutor
    from aws_xray_sdk.core import xray_recorder
    sent = []
    xray_recorder.emitter.send_entity = sent.append
    def refuse(**_): raise OSError("no network")
    s3.meta.events.register_first("before-send.s3", refuse)
    def call():
        try: s3.list_buckets()
        except OSError: pass
    with ThreadPoolExecutor(1) as pool: pool.submit(call).result()
    [segment] = sent
    assert (segment.name, segment.parent_id) == ("s3", "53995c3f42cd8ad8")
    assert segment.trace_id == "1-5759e988-bd862e3fe1be46a994272793"
print(loaded)
"""
HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="
DAEMON = {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000", "LAMBDA_TASK_ROOT": "/var/task"}


@pytest.mark.parametrize(
    ("variables", "loaded"),
    [
        ({}, "False"),
        (DAEMON, "False"),
        (DAEMON | {"_X_AMZN_TRACE_ID": HEADER + "0"}, "False"),
        ({"_X_AMZN_TRACE_ID": HEADER + "1"}, "False"),
        (DAEMON | {"_X_AMZN_TRACE_ID": HEADER + "1"}, "True"),
    ],
)
def test_the_sdk_is_loaded_by_the_first_sampled_invocation(variables: dict[str, str], loaded: str) -> None:
    """Nobody else pays for it; from then on calls on any thread are subsegments of the invocation's trace."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout.strip(), result.returncode) == (loaded, 0), result.stderr


WIRE = """
import os, sys
from handlers.adapters.tracing import trace_if_sampled, traced
with traced("timestream-write", "WriteRecords", "eu-west-1") as headers: assert headers == {}
trace_if_sampled(os.environ)
from aws_xray_sdk.core import xray_recorder
sent = []
xray_recorder.emitter.send_entity = sent.append
try:
    with traced("timestream-write", "WriteRecords", "eu-west-1") as headers:
        header = headers["X-Amzn-Trace-Id"]
        raise OSError("no network")
except OSError: pass
[segment] = sent
assert header == f"Root={segment.trace_id};Parent={segment.id};Sampled=1", header
assert (segment.name, segment.namespace, segment.parent_id) == ("timestream-write", "aws", "53995c3f42cd8ad8")
assert segment.aws == {"operation": "WriteRecords", "region": "eu-west-1"}
assert segment.fault
"""


def test_a_call_past_the_client_is_traced_as_one_by_it() -> None:
    """It is a subsegment of the invocation's trace with its operation and its failure, and hands the trace on."""
    variables = DAEMON | {"_X_AMZN_TRACE_ID": HEADER + "1"}
    result = subprocess.run(
        [sys.executable, "-c", WIRE], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
