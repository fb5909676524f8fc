"""AWS X-Ray subsegments around AWS calls, at no cost to invocations that are not traced."""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

from botocore.exceptions import ClientError

_traces: list[bool] = []  # one item once the process has been asked for a trace


def trace_if_sampled(variables: Mapping[str, str]) -> None:
    """From the first sampled invocation of a process on, its AWS calls appear in its traces.

    Importing the SDK takes 100 to 340 ms, and Lambda samples one request a second and 5 % of the rest, so a process
    pays when it is first asked for a trace and has a client of botocore's, and never before.
    """
    if "AWS_XRAY_DAEMON_ADDRESS" in variables and "Sampled=1" in variables.get("_X_AMZN_TRACE_ID", ""):
        _traces[:] = [True]
        if "botocore.client" in sys.modules:
            trace_clients()


def trace_clients() -> None:
    """Have the calls of botocore's clients traced, if the process has been asked for a trace.

    Only botocore is patched: patching everything imports what is not used here. The SDK reads each invocation's trace
    header itself, on every thread.
    """
    if _traces:
        from aws_xray_sdk.core import patch  # noqa: PLC0415 -- see above

        patch(("botocore",))


class Subsegment:
    """A call that does not go through botocore's client, in the invocation's trace as if it did.

    Calls may overlap, which the SDK's stack of subsegments in each thread does not allow for.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """

    def __init__(self, trace: Mapping[str, str], service: str, operation: str, region: str) -> None:
        self._document: dict[str, object] = {
            "type": "subsegment",
            "id": os.urandom(8).hex(),
            "trace_id": trace["Root"],
            "parent_id": trace["Parent"],
            "name": service,
            "namespace": "aws",
            "aws": {"operation": operation, "region": region},
            "start_time": time.time(),
        }
        # The header line by which the service goes on with the trace.
        self.header = f"X-Amzn-Trace-Id: Root={trace['Root']};Parent={self._document['id']};Sampled=1\r\n"

    def end(self, error: Exception | None) -> None:
        """Send the subsegment to the daemon, which may not listen, and which nobody waits for."""
        self._document["end_time"] = time.time()
        if error is not None:
            status = _status(error)
            self._document["fault" if status >= 500 else "error"] = True
            if status == 429:
                self._document["throttle"] = True
        host, _, port = (
            os.environ["AWS_XRAY_DAEMON_ADDRESS"].rpartition(" ")[2].removeprefix("udp:").rpartition(":")
        )
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
            daemon.setblocking(False)
            header = {"format": "json", "version": 1}
            daemon.sendto(f"{json.dumps(header)}\n{json.dumps(self._document)}".encode(), (host, int(port)))


def subsegment(service: str, operation: str, region: str) -> Subsegment | None:
    """The subsegment of a call that begins now, None if this invocation is not traced."""
    if not _traces:
        return None
    fields = (field.partition("=") for field in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"))
    trace = {name.strip(): value for name, _, value in fields}
    if trace.get("Sampled") != "1" or not {"Root", "Parent"} <= trace.keys():
        return None
    return Subsegment(trace, service, operation, region)


def _status(error: Exception) -> int:
    """The status of an answer; what came to no answer is the service's fault."""
    if not isinstance(error, ClientError):
        return 500
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return status
