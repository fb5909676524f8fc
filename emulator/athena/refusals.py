"""The errors of Athena's operations, and how they are written.

Names and words are those that AWS answers: https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html
"""

import uuid

import orjson

from emulator.http_server import Response

INVALID_INPUT = "INVALID_INPUT"


class RefusedError(Exception):
    """An operation that is refused: the error's name, its message, and what else its body has."""

    def __init__(self, code: str, message: str, *, status: int = 400, **more: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.more = more

    def response(self) -> Response:
        """The answer to the caller."""
        body = {"__type": self.code, **self.more, "Message": self.message}
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4()))]
        return Response(self.status, headers, orjson.dumps(body))


def invalid(message: str, reason: str = INVALID_INPUT) -> RefusedError:
    """An InvalidRequestException; `reason` is its AthenaErrorCode."""
    return RefusedError("InvalidRequestException", message, AthenaErrorCode=reason, ErrorCode=reason)
