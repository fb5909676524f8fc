"""AWS X-Ray subsegments around AWS calls, at no cost to invocations that are not traced."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_traces: list[bool] = []  # one item once the process has been asked for a trace


def trace_if_sampled(variables: Mapping[str, str]) -> None:
    """From the first sampled invocation of a process on, its AWS calls appear in its traces.

    Importing the SDK takes 150 to 340 ms, and Lambda samples one request a second and 5 % of the rest, so a process
    pays when it is first asked for a trace and never before. Only botocore is patched: patching everything imports
    what is not used here. The SDK reads each invocation's trace header itself, on every thread.
    """
    if "AWS_XRAY_DAEMON_ADDRESS" in variables and "Sampled=1" in variables.get("_X_AMZN_TRACE_ID", ""):
        from aws_xray_sdk.core import patch  # noqa: PLC0415 -- see above

        patch(("botocore",))
        _traces[:] = [True]


@contextmanager
def traced(service: str, operation: str, region: str) -> Iterator[dict[str, str]]:
    """Around a call that does not go through botocore's client: it appears in the invocation's trace as if it did.

    Gives the headers by which the service goes on with the trace; none if this process traces nothing.
    """
    headers: dict[str, str] = {}
    if not _traces:
        yield headers
        return
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415 -- see above
    from aws_xray_sdk.ext.util import inject_trace_header  # noqa: PLC0415

    with xray_recorder.in_subsegment(service, namespace="aws") as subsegment:
        if subsegment is not None:
            subsegment.set_aws({"operation": operation, "region": region})
            inject_trace_header(headers, subsegment)
        yield headers
