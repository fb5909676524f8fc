"""The errors a caller sees, as AWS names and shapes them."""
# ruff: noqa: N818 - the names are AWS's

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ServiceError(Exception):
    """An error that reaches the caller as AWS JSON 1.0: `__type` is the class's name."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        """The error's name."""
        return type(self).__name__

    def body(self) -> dict[str, Any]:
        """The members of the error's body besides `__type`."""
        return {"Message": self.message}


class ValidationException(ServiceError):
    """The request, or the SQL in it, is malformed or not supported; the message names what."""


class ResourceNotFoundException(ServiceError):
    """A database, table or tagged resource does not exist."""


class ConflictException(ServiceError):
    """The resource exists already, a query was cancelled, or a token is bound to another request."""


class ThrottlingException(ServiceError):
    """Too many requests; the caller should try again."""


class AccessDeniedException(ServiceError):
    """The caller, or the role it acts for, may not do this (UNLOAD into a foreign bucket, say)."""


class ServiceQuotaExceededException(ServiceError):
    """An account-wide quota (databases, tables, tags) is used up."""


class QueryExecutionException(ServiceError):
    """A valid query failed while it ran (division by zero, a failed UNLOAD)."""


class UnknownOperationException(ServiceError):
    """The `X-Amz-Target` header names nothing this server does."""


class InternalServerException(ServiceError):
    """Something went wrong here; details go to the server's log, never to the caller."""

    status = 500


@dataclass(frozen=True)
class RejectedRecord:
    """One record of a WriteRecords call that was not stored."""

    index: int
    reason: str
    existing_version: int | None = None

    def shape(self) -> dict[str, Any]:
        """The record as RejectedRecordsException lists it."""
        rejected: dict[str, Any] = {"RecordIndex": self.index, "Reason": self.reason}
        if self.existing_version is not None:
            rejected["ExistingVersion"] = self.existing_version
        return rejected


class RejectedRecordsException(ServiceError):
    """Some records of a call were refused; all others of the call are stored."""

    # AWS answers 419 to this one; SDKs go by `__type`.
    status = 419

    def __init__(self, rejected: Sequence[RejectedRecord]) -> None:
        super().__init__("One or more records have been rejected. See RejectedRecords for details.")
        self.rejected = tuple(rejected)

    def body(self) -> dict[str, Any]:
        """The message and the refused records in the order of their index."""
        return {
            "Message": self.message,
            "RejectedRecords": [record.shape() for record in sorted(self.rejected, key=lambda r: r.index)],
        }


class SerializationException(ServiceError):
    """The body of the request is no JSON object."""
