"""Queries of Amazon Athena: started, looked at, read and stopped."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate, translated
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.ports import UnloadFailed

# A query's text: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
LONGEST_QUERY_BYTES = 262_144
# Kept back from the time of who asks, to stop a query, or to read its result.
_RESERVE_S = 15.0
PAUSES_S = (0.2, 0.3, 0.5, 1.0)
_SHOWN = 300


@dataclass(frozen=True)
class Ended:
    """A query that succeeded; `manifest` is the address of the list of files that it wrote, if it wrote such a list."""

    manifest: str | None


class AthenaQueries:
    """Queries of one database in one work group, whose settings say where results go.

    Every call may raise `TransientError`, `ConfigurationError`, and `UnloadFailed` where a query is refused or fails.
    """

    def __init__(
        self, athena: Any, database: str, work_group: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._athena = athena
        self._settings = {"QueryExecutionContext": {"Database": database}, "WorkGroup": work_group}
        self._sleep = sleep

    def start(self, statement: str, client_token: str | None = None) -> str:
        """The id of a query that begins; with one client token a statement is started once, whatever is repeated."""
        size = len(statement.encode())
        if size > LONGEST_QUERY_BYTES:
            raise UnloadFailed(f"the statement has {size} bytes, Athena takes {LONGEST_QUERY_BYTES}")
        token = {"ClientRequestToken": client_token} if client_token else {}
        try:
            started = self._athena.start_query_execution(QueryString=statement, **self._settings, **token)
        except aws_errors() as error:
            if code_of(error) == "InvalidRequestException":
                raise UnloadFailed(f"{code_of(error)}: {_message(error)}") from error
            raise translate(error) from error
        return str(started["QueryExecutionId"])

    @translated()
    def look(self, query: str) -> Ended | None:
        """The query's end, None while it is queued or runs; `UnloadFailed` in Athena's words if it failed."""
        execution = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        status = execution["Status"]
        if status["State"] in {"QUEUED", "RUNNING"}:
            return None
        if status["State"] != "SUCCEEDED":
            reason = str(status.get("StateChangeReason", ""))[:_SHOWN]
            raise UnloadFailed(f"{status['State']}: {reason}" if reason else status["State"])
        return Ended(execution.get("Statistics", {}).get("DataManifestLocation"))

    def wait(self, query: str, seconds: float) -> Ended | None:
        """The query's end, None if it is not there in so many seconds; looked for at least once."""
        pauses, waited_s = iter(PAUSES_S), 0.0
        while (ended := self.look(query)) is None:
            pause_s = next(pauses, PAUSES_S[-1])
            if waited_s + pause_s > seconds:
                return None
            self._sleep(pause_s)
            waited_s += pause_s
        return ended

    def one_row(self, statement: str, deadline: Deadline) -> list[str | None]:
        """The one row of a query's result, each value as text; a query that takes too long is stopped."""
        query = self.start(statement)
        if self.wait(query, deadline.seconds_left() - _RESERVE_S) is None:
            self.stop(query)
            raise UnloadFailed("a query of the lake took too long")
        with translated():
            rows = self._athena.get_query_results(QueryExecutionId=query, MaxResults=2)["ResultSet"]["Rows"]
        return [datum.get("VarCharValue") for datum in rows[1]["Data"]]  # the first has the columns' names

    def stop(self, query: str) -> None:
        """Has Athena end a query; that it has ended, or does not answer, changes nothing."""
        with suppress(TransientError, ConfigurationError), translated():
            self._athena.stop_query_execution(QueryExecutionId=query)


def _message(error: Exception) -> str:
    """Athena's words, for the operator alone."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Message", ""))[:_SHOWN]
