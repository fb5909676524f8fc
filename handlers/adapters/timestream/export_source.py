"""Hours of points out of Timestream: its queries, and its UNLOAD over as many calls as that takes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate
from handlers.adapters.timestream.statements import Source, count_points, describe, read_description, unload
from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import PointCount, Unload, UnloadRequest
from handlers.domain.exports.ports import UnloadFailed
from handlers.vocabulary import TIMESTREAM

# A call blocks for a minute at most while its query runs.
CALL_S = 70.0
# Timestream ends an UNLOAD after an hour; one that still runs then will never report its rows.
# https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-concepts.html
LONGEST_UNLOAD_S = 65 * 60.0
# https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Query.html
TOKEN_USES = 5
# Failures of the query itself; another attempt under another prefix may do better, the same call never. Where
# Timestream is refused by the bucket or the key, it says so in one of these, and only in words.
_QUERY_FAILED = frozenset(
    {"AccessDeniedException", "ConflictException", "QueryExecutionException", "ValidationException"}
)
_SHOWN = 300

Rows = list[list[str]]


class TimestreamExportSource:
    """One page to a call. The client must not retry by itself: a NextToken serves few calls, retries use them up."""

    kind = TIMESTREAM
    call_s = CALL_S
    longest_unload_s = LONGEST_UNLOAD_S

    def __init__(self, timestream: Any, source: Source, wait_turn: Callable[[], None]) -> None:
        self._timestream = timestream
        self._source = source
        self._wait_turn = wait_turn

    def layout(self, deadline: Deadline) -> Layout:
        """The table's columns, by DESCRIBE."""
        return read_description(self._all_rows(describe(self._source), deadline))

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """The count, by a query of one row."""
        ((points, first, last),) = self._all_rows(count_points(self._source, hour), deadline)
        return PointCount(int(points), first, last)

    def start_unload(self, request: UnloadRequest) -> Unload:
        """An UNLOAD, started when it is its turn."""
        self._wait_turn()
        statement = unload(self._source, request)
        return _advance(Unload(), *self._page(statement, ClientToken=request.client_token))

    def poll_unload(self, request: UnloadRequest, unload_: Unload) -> Unload:
        """The next page of the same statement: a NextToken belongs to it."""
        return _advance(unload_, *self._page(unload(self._source, request), NextToken=unload_.token))

    def stop_unload(self, unload: Unload) -> None:
        """Nothing: Timestream ends it in an hour, and its answers do not say the id by which it could be cancelled."""

    def _all_rows(self, statement: str, deadline: Deadline) -> Rows:
        rows, token = self._page(statement)
        while token is not None:
            if deadline.seconds_left() <= 0:
                raise UnloadFailed("a query of the table took too long")
            more, token = self._page(statement, NextToken=token)
            rows += more
        return rows

    def _page(self, statement: str, **arguments: Any) -> tuple[Rows, str | None]:
        """Rows, perhaps none, and the token of the next page, None when there is none."""
        try:
            page = self._timestream.query(QueryString=statement, **arguments)
        except aws_errors() as error:
            if code_of(error) in _QUERY_FAILED:
                raise UnloadFailed(f"{code_of(error)}: {_reason(error)}") from error
            raise translate(error) from error
        cells = ([str(datum.get("ScalarValue", "")) for datum in row["Data"]] for row in page.get("Rows", []))
        return list(cells), page.get("NextToken")


def _advance(state: Unload, rows: Rows, token: str | None) -> Unload:
    """The UNLOAD after a page: its result may stand on any, and only a missing token ends the query."""
    if rows:
        written, manifest = _result(rows[0])
        state = replace(state, rows=written, manifest=manifest)
    if token is None:
        if not state.is_done:
            raise UnloadFailed("the UNLOAD ended without saying what it wrote")
        return replace(state, token=None, token_uses=0)
    uses = state.token_uses + 1 if token == state.token else 1
    if uses >= TOKEN_USES and not state.is_done:
        raise UnloadFailed(f"a NextToken serves {TOKEN_USES} calls, and Timestream gave no newer one")
    return replace(state, token=None if state.is_done else token, token_uses=uses)


def _result(row: Sequence[str]) -> tuple[int, str]:
    """Rows and manifest of UNLOAD's one row: rows, metadata file, manifest file."""
    try:
        return int(row[0]), row[2]
    except (ValueError, IndexError) as error:
        raise UnloadFailed("the UNLOAD's result is not rows, metadata file and manifest file") from error


def _reason(error: Exception) -> str:
    """Timestream's words, for the operator alone: the bucket or key that refused is all there is to go by."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Message", ""))[:_SHOWN]
