"""AWS X-Ray subsegments around AWS calls, at no cost to invocations that are not traced."""

from collections.abc import Mapping


def trace_if_sampled(variables: Mapping[str, str]) -> None:
    """From the first sampled invocation of a process on, its AWS calls appear in its traces.

    Importing the SDK takes 150 to 340 ms, and Lambda samples one request a second and 5 % of the rest, so a process
    pays when it is first asked for a trace and never before. Only botocore is patched: patching everything imports
    what is not used here. The SDK reads each invocation's trace header itself, on every thread.
    """
    if "AWS_XRAY_DAEMON_ADDRESS" in variables and "Sampled=1" in variables.get("_X_AMZN_TRACE_ID", ""):
        from aws_xray_sdk.core import patch  # noqa: PLC0415 -- see above

        patch(("botocore",))
