"""The result of an invocation, in the shapes and words of Lambda."""

import json
from typing import Any, Final, NamedTuple

# Request and response of a synchronous invocation:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PAYLOAD_BYTES: Final = 6 * 1024 * 1024
# Lambda lets a response be a little larger than a request.
MAX_RESPONSE_BYTES: Final = MAX_PAYLOAD_BYTES + 100


class InvokeResult(NamedTuple):
    """The answer to an invocation: payload, "Unhandled" when the function failed, and HTTP status."""

    payload: bytes
    function_error: str | None = None
    status: int = 200

    @property
    def throttled(self) -> bool:
        """True if the function was not even invoked, and may be later."""
        return self.status == 429 or self.status >= 500


def failed(error_type: str, message: str, **more: Any) -> InvokeResult:
    """The result of an invocation that ended in an error of the function."""
    payload = {"errorType": error_type, "errorMessage": message, **more}
    return InvokeResult(json.dumps(payload).encode(), "Unhandled")


def timed_out(request_id: str, timeout_s: float) -> InvokeResult:
    """The result of an invocation that took too long."""
    return failed(
        "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    )


def exited(request_id: str, status: int) -> InvokeResult:
    """The result of an invocation during which the process ended; a negative status is a signal's number."""
    reason = (
        f"signal: {_SIGNALS.get(-status, f'signal {-status}')}" if status < 0 else f"exit status {status}"
    )
    return failed("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {reason}")


def refused(status: int, code: str, message: str) -> InvokeResult:
    """Lambda's own refusal: the function did not run."""
    payload = {"Type": "User", "__type": code, "Message": message}
    return InvokeResult(json.dumps(payload).encode(), status=status)


def too_large() -> InvokeResult:
    """The refusal of an event over the limit."""
    message = f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation"
    return refused(413, "RequestTooLargeException", message)


def throttled() -> InvokeResult:
    """The refusal of an invocation beyond the reserved concurrency."""
    return refused(429, "TooManyRequestsException", "Rate Exceeded.")


def stopping() -> InvokeResult:
    """The refusal of an invocation while the local run ends."""
    return refused(503, "ServiceException", "The functions are being stopped.")


_SIGNALS = {6: "aborted (core dumped)", 9: "killed", 11: "segmentation fault", 15: "terminated"}
