"""The errors of SQL; a service translates each into the error that its callers know."""


class SqlError(Exception):
    """An error, in words for the author of the SQL."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidQueryError(SqlError):
    """SQL that is malformed, names what does not exist, or is not supported; the message says which, and where."""


class QueryFailedError(SqlError):
    """A valid query that failed while it ran, for the values it met: division by zero, an overflow, a failed cast."""
