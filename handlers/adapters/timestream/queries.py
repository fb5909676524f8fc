"""Timestream's Query, for UNLOAD and for the small questions before it."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
from handlers.domain.exports.unloading import Answer, UnloadFailed

# What became of the query itself; another attempt under another prefix may do better, the same call never. Where
# Timestream is refused by the bucket or the key, it says so in one of these, and only in words.
_QUERY_FAILED = frozenset(
    {"AccessDeniedException", "ConflictException", "QueryExecutionException", "ValidationException"}
)
_SHOWN = 300


class TimestreamQueries:
    """One page to a call. The client must not retry by itself: a NextToken serves few calls, retries use them up."""

    def __init__(self, timestream: Any) -> None:
        self._timestream = timestream

    def ask(
        self, statement: str, *, client_token: str | None = None, next_token: str | None = None
    ) -> Answer:
        """Starts a query, or asks for the next page of one; with a client token, starting it twice starts it once."""
        arguments = {"QueryString": statement}
        if client_token is not None:
            arguments["ClientToken"] = client_token
        if next_token is not None:
            arguments["NextToken"] = next_token
        try:
            page = self._timestream.query(**arguments)
        except AWS_ERRORS as error:
            if code_of(error) in _QUERY_FAILED:
                raise UnloadFailed(f"{code_of(error)}: {_reason(error)}") from error
            raise translate(error) from error
        return Answer([_texts(row["Data"]) for row in page.get("Rows", [])], page.get("NextToken"))


def _texts(data: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(datum.get("ScalarValue", "")) for datum in data]


def _reason(error: Exception) -> str:
    """Timestream's words, for the operator alone: which bucket or key refused is all there is to go by."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Message", ""))[:_SHOWN]
