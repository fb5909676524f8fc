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
import json, os, socket, sys
from botocore.exceptions import ClientError
from handlers.adapters.tracing import subsegment, trace_if_sampled
call = ("timestream-write", "WriteRecords", "eu-west-1")
assert subsegment(*call) is None
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0))
daemon.settimeout(10)
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{daemon.getsockname()[1]}"
trace_if_sampled(os.environ)
first, second = subsegment(*call), subsegment(*call)
for error, faults in (
    (OSError("no network"), {"fault"}),
    (None, set()),
    (ClientError({"ResponseMetadata": {"HTTPStatusCode": 400}}, "WriteRecords"), {"error"}),
    (ClientError({"ResponseMetadata": {"HTTPStatusCode": 429}}, "WriteRecords"), {"error", "throttle"}),
    (ClientError({"ResponseMetadata": {"HTTPStatusCode": 503}}, "WriteRecords"), {"fault"}),
):
    other = subsegment(*call)
    other.end(error)
    head, _, body = daemon.recv(65536).partition(b"\\n")
    assert json.loads(head) == {"format": "json", "version": 1}
    sent = json.loads(body)
    assert other.header == f"X-Amzn-Trace-Id: Root={sent['trace_id']};Parent={sent['id']};Sampled=1\\r\\n"
    assert (sent["name"], sent["namespace"], sent["parent_id"]) == ("timestream-write", "aws", "53995c3f42cd8ad8")
    assert (sent["type"], sent["trace_id"]) == ("subsegment", "1-5759e988-bd862e3fe1be46a994272793")
    assert sent["aws"] == {"operation": "WriteRecords", "region": "eu-west-1"}
    assert {"fault", "error", "throttle"} & sent.keys() == faults, sent
    assert 0 <= sent["end_time"] - sent["start_time"] < 60
first.end(None)
second.end(None)
found = [json.loads(daemon.recv(65536).partition(b"\\n")[2]) for _ in range(2)]
assert found[0]["id"] != found[1]["id"] and found[0]["parent_id"] == found[1]["parent_id"]
daemon.close()
second.end(OSError("nobody listens, and nobody minds"))
os.environ["_X_AMZN_TRACE_ID"] = os.environ["_X_AMZN_TRACE_ID"].replace("Sampled=1", "Sampled=0")
assert subsegment(*call) is None
"""


def test_a_call_past_the_client_is_traced_as_one_by_it() -> None:
    """It is a subsegment of the invocation's trace with its operation and its failure, and hands the trace on.

    Calls that overlap are beside each other, and an invocation that is not sampled has none.
    """
    variables = DAEMON | {"_X_AMZN_TRACE_ID": HEADER + "1"}
    result = subprocess.run(
        [sys.executable, "-c", WIRE], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
