"""The errors of SQL; a service translates each into the error that its callers know."""


class SqlError(Exception):
    """An error, in words for the author of the SQL."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidQueryError(SqlError):
    """SQL that is malformed, names what does not exist, or is not supported; the message says which, and where."""


class MalformedQueryError(InvalidQueryError):
    """Text that is no SQL."""


class NotInEmulatorError(InvalidQueryError):
    """SQL that AWS may well answer and this emulator does not; the message names what it does not have."""


class QueryFailedError(SqlError):
    """A valid query that failed while it ran, for the values it met: division by zero, an overflow, a failed cast."""


def invalid(message: str, query: str = "", offset: int | None = None) -> InvalidQueryError:
    """The error for a statement that AWS refuses, at an offset into the query."""
    return InvalidQueryError(_placed(message, query, offset))


def malformed(message: str, query: str = "", offset: int | None = None) -> MalformedQueryError:
    """The error for text that is no SQL, at an offset into it."""
    return MalformedQueryError(_placed(message, query, offset))


def lacking(what: str, query: str = "", offset: int | None = None) -> NotInEmulatorError:
    """The error for what AWS has and this emulator does not, at an offset into the query."""
    return NotInEmulatorError(_placed(f"this emulator does not have {what}", query, offset))


def _placed(message: str, query: str, offset: int | None) -> str:
    if offset is None:
        return message
    before = query[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    return f"line {line}:{column}: {message}"
