"""Query, CancelQuery and PrepareQuery: pages, tokens and what may be asked twice."""

import re
import secrets
import string
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import duckdb
import orjson

from emulator.sql import Result
from emulator.timestream import statements
from emulator.timestream.errors import ValidationException
from emulator.timestream.faults import Faults
from emulator.timestream.running_query import Page, RunningQuery
from emulator.timestream.store import Store
from emulator.timestream.unload import UnloadTarget

_WAIT_SECONDS = 60.0
_MINUTE_NS = 60 * 1_000_000_000
_TOKEN_CALLS = 5
_TOKEN_LIFE_NS = 60 * _MINUTE_NS
_SAME_RESULT_NS = 5 * _MINUTE_NS
_CLIENT_TOKEN_LIFE_NS = 240 * _MINUTE_NS
_OPEN_RUNS = 200
_KEPT_BYTES = 64 * 1024 * 1024
_ID_LETTERS = string.ascii_uppercase + string.digits
_UNLOAD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*UNLOAD\b", re.IGNORECASE | re.DOTALL)


@dataclass
class _Paging:
    """A query whose rows are not all fetched: the token that was used last, and the one that comes next."""

    run: RunningQuery
    next_token: str
    issued_ns: int
    used_token: str = ""
    used_page: Page = field(default_factory=lambda: Page((), more=True))
    calls: int = 0


@dataclass
class _Asked:
    """A client token: what was asked with it, and the answer as long as it is kept."""

    query: str
    max_rows: int | None
    asked_ns: int
    answer: "Future[bytes]" = field(default_factory=Future)


class QueryOperations:
    """The queries of one region, and its store."""

    def __init__(self, store: Store, faults: Faults, s3_endpoint: str | None) -> None:
        self.store = store
        self._faults = faults
        self._s3_endpoint = s3_endpoint
        self._lock = threading.Lock()
        self._paging: OrderedDict[str, _Paging] = OrderedDict()
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._kept_bytes = 0

    def close(self) -> None:
        """Stop every query."""
        for paging in list(self._paging.values()):
            paging.run.cancel()

    def query(self, request: Mapping[str, Any]) -> bytes:
        """One page of a query's result as the body of the response."""
        if "QueryInsights" in request and request["QueryInsights"]["Mode"] != "DISABLED":
            raise ValidationException("QueryInsights is not supported by this server.")
        if "NextToken" in request:
            return self._next(request)
        if "ClientToken" in request:
            return self._once(request)
        return self._first(request)

    def cancel(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel a query that has rows left or still executes."""
        with self._lock:
            paging = self._paging.get(request["QueryId"])
        if paging is None or (paging.run.finished and not paging.next_token):
            raise ValidationException("There is no running query with this QueryId.")
        if paging.run.cancel():
            return {"CancellationMessage": f"The query {paging.run.id} was cancelled before."}
        return {}

    def prepare(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The columns and parameters of a query."""
        query = request["QueryString"]
        with self.store.reader() as (catalog, cursor):
            columns, parameters = statements.describe(catalog, cursor, query, self.store.clock_ns())
        return {"QueryString": query, "Columns": list(columns), "Parameters": list(parameters)}

    def _once(self, request: Mapping[str, Any]) -> bytes:
        token, now_ns = request["ClientToken"], self.store.clock_ns()
        with self._lock:
            self._forget_asked(now_ns)
            asked = self._asked.get(token)
            mine = asked is None
            if asked is None:
                asked = self._asked[token] = _Asked(request["QueryString"], request.get("MaxRows"), now_ns)
            elif (asked.query, asked.max_rows) != (request["QueryString"], request.get("MaxRows")):
                raise ValidationException("The ClientToken was used with another request.")
            elif now_ns - asked.asked_ns > _SAME_RESULT_NS:
                raise ValidationException("The ClientToken was used more than 5 minutes ago.")
        if not mine:
            return asked.answer.result()
        try:
            body = self._first(request)
        except BaseException as error:
            with self._lock:
                self._asked.pop(token, None)
            asked.answer.set_exception(error)
            raise
        with self._lock:
            self._kept_bytes += len(body)
        asked.answer.set_result(body)
        return body

    def _forget_asked(self, now_ns: int) -> None:
        while self._asked:
            token, oldest = next(iter(self._asked.items()))
            if now_ns - oldest.asked_ns <= _CLIENT_TOKEN_LIFE_NS and self._kept_bytes <= _KEPT_BYTES:
                return
            if not oldest.answer.done():
                return
            del self._asked[token]
            self._kept_bytes -= len(oldest.answer.result())

    def _first(self, request: Mapping[str, Any]) -> bytes:
        query, max_rows = request["QueryString"], request.get("MaxRows")
        query_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(32))
        fails = bool(_UNLOAD.match(query)) and self._faults.happens("fail_unloads") is not None
        target, now_ns = UnloadTarget(self._s3_endpoint, self.store.region, fails), self.store.clock_ns()

        def execute(cursor: duckdb.DuckDBPyConnection) -> Result:
            return statements.run(self.store.catalog, cursor, query, now_ns, unload=target, query_id=query_id)

        run = RunningQuery(query_id, query, self.store.cursor(), execute)
        # Known from the start, so that it can be cancelled while it executes.
        paging = self._remember(run)
        if not run.ready(_WAIT_SECONDS) or self._faults.happens("empty_first_pages") is not None:
            return self._body(run, Page((), more=True), paging.next_token)
        try:
            page = run.page(max_rows, whole=max_rows is not None)
        except BaseException:
            self._forget(run)
            raise
        if not page.more:
            self._forget(run)
        return self._body(run, page, paging.next_token if page.more else None)

    def _next(self, request: Mapping[str, Any]) -> bytes:
        token, now_ns = request["NextToken"], self.store.clock_ns()
        with self._lock:
            paging = self._paging.get(token.partition("-")[0])
            if paging is None or token not in {paging.next_token, paging.used_token}:
                raise ValidationException("Invalid pagination token")
            if paging.run.query != request["QueryString"]:
                raise ValidationException("Invalid pagination token")
            if now_ns - paging.issued_ns > _TOKEN_LIFE_NS or (
                token == paging.used_token and paging.calls >= _TOKEN_CALLS
            ):
                raise ValidationException("Invalid pagination token")
            self._paging.move_to_end(paging.run.id)
        with paging.run.turn:
            return self._page(paging, token, request.get("MaxRows"), now_ns)

    def _page(self, paging: _Paging, token: str, max_rows: int | None, now_ns: int) -> bytes:
        run = paging.run
        if token == paging.used_token:
            paging.calls += 1
            page = paging.used_page
        elif token != paging.next_token:
            raise ValidationException("Invalid pagination token")
        elif not run.ready(_WAIT_SECONDS):
            return self._body(run, Page((), more=True), token)
        else:
            page = run.page(max_rows)
            paging.used_token, paging.used_page, paging.calls = token, page, 1
            paging.next_token, paging.issued_ns = _new_token(run) if page.more else "", now_ns
        return self._body(run, page, paging.next_token or None)

    def _remember(self, run: RunningQuery) -> _Paging:
        paging = _Paging(run, _new_token(run), self.store.clock_ns())
        with self._lock:
            self._paging[run.id] = paging
            while len(self._paging) > _OPEN_RUNS or (
                len(self._paging) > 1
                and sum(kept.used_page.size for kept in self._paging.values()) > _KEPT_BYTES
            ):
                _, oldest = self._paging.popitem(last=False)
                oldest.run.cancel()
        return paging

    def _forget(self, run: RunningQuery) -> None:
        with self._lock:
            self._paging.pop(run.id, None)

    def _body(self, run: RunningQuery, page: Page, token: str | None) -> bytes:
        status = {
            "ProgressPercentage": 100.0 if page.rows or token is None else 0.0,
            "CumulativeBytesScanned": 0,
            "CumulativeBytesMetered": 10_000_000,  # AWS meters at least 10 MB a query
        }
        head: dict[str, Any] = {"QueryId": run.id, "ColumnInfo": list(run.columns), "QueryStatus": status}
        if token is not None:
            head["NextToken"] = token
        return b'%b,"Rows":[%b]}' % (orjson.dumps(head)[:-1], ",".join(page.rows).encode())


def _new_token(run: RunningQuery) -> str:
    return f"{run.id}-{secrets.token_urlsafe(24)}"
