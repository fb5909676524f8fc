"""One query on its way: it executes in a thread of its own and hands its rows out in pages."""

import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from emulator.sql import Result
from emulator.timestream import errors

PAGE_BYTES = 1_000_000


@dataclass(frozen=True)
class Page:
    """Rows, and whether any are left after them."""

    rows: tuple[str, ...]
    more: bool

    @property
    def size(self) -> int:
        """The memory that the page takes, about, in bytes."""
        return sum(map(len, self.rows))


Execute = Callable[[duckdb.DuckDBPyConnection], Result]


class RunningQuery:
    """Executes one query and remembers where its reader is."""

    def __init__(
        self, query_id: str, query: str, cursor: duckdb.DuckDBPyConnection, execute: Execute
    ) -> None:
        self.id = query_id
        self.query = query
        self.columns: Sequence[dict[str, Any]] = ()
        self._cursor = cursor
        self._execute = execute
        self.turn = threading.Lock()  # for one reader of pages at a time
        self._lock = threading.RLock()
        self._executed = threading.Event()
        self._error: errors.ServiceError | None = None
        self._cancelled = False
        self._rows: deque[str] = deque()
        self._batches: Iterator[Sequence[str]] | None = None
        threading.Thread(target=self._work, name=f"query-{query_id}", daemon=True).start()

    @property
    def finished(self) -> bool:
        """True if every row was handed out."""
        return self._executed.is_set() and self._batches is None and not self._rows

    def ready(self, seconds: float) -> bool:
        """Wait for the first rows; return whether they (or an error) are there."""
        return self._executed.wait(seconds)

    def cancel(self) -> bool:
        """Stop the query; return whether it had been cancelled before."""
        before = self._cancelled
        self._cancelled = True
        if not self._executed.is_set():
            self._cursor.interrupt()
        with self._lock:
            self._rows.clear()
            self.close()
        return before

    def close(self) -> None:
        """Give the connection back, once nothing executes on it."""
        with self._lock:
            self._batches = None
            if self._executed.is_set():
                self._cursor.close()

    def page(self, max_rows: int | None, *, whole: bool = False) -> Page:
        """Hand out the next rows: at most `max_rows` and 1 MB; with `whole` either all that is left or none."""
        with self._lock:
            self._raise()
            taken: list[str] = []
            size = 0
            while (max_rows is None or len(taken) < max_rows) and self._fill():
                if len(self._rows[0]) > PAGE_BYTES:
                    raise errors.QueryExecutionException(
                        "Query aborted as max page response size has been exceeded by the output result row"
                    )
                if size + len(self._rows[0]) > PAGE_BYTES:
                    break
                size += len(self._rows[0])
                taken.append(self._rows.popleft())
            more = self._fill()
            if whole and more:
                self._rows.extendleft(reversed(taken))
                taken = []
            if not more:
                self.close()
            return Page(tuple(taken), more)

    def _fill(self) -> bool:
        """Make sure that a row is at hand, if any is left."""
        while not self._rows and self._batches is not None:
            try:
                self._rows.extend(next(self._batches))
            except StopIteration:
                self._batches = None
            except Exception as error:  # noqa: BLE001 - translated for the caller
                self._fail(error)
                self._raise()
        return bool(self._rows)

    def _work(self) -> None:
        try:
            result = self._execute(self._cursor)
            self.columns = result.columns
            self._batches = iter(result.rows)
            # The first batch is part of executing: with it most errors of a running query show.
            self._rows.extend(next(self._batches, ()))
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for the result
            self._fail(error)
        self._executed.set()
        if self._error or self._cancelled:
            self.close()

    def _fail(self, error: Exception) -> None:
        if isinstance(error, errors.ServiceError):
            self._error = error
        elif isinstance(error, duckdb.InterruptException) and self._cancelled:
            self._error = errors.ConflictException("The query was cancelled.")
        elif isinstance(error, duckdb.OutOfMemoryException):
            self._error = errors.QueryExecutionException("The query needs more memory than the server has.")
        else:
            traceback.print_exception(error)
            self._error = errors.InternalServerException("The query failed inside the server.")

    def _raise(self) -> None:
        if self._cancelled:
            raise errors.ConflictException("Unable to poll results for a cancelled query.")
        if self._error is not None:
            raise self._error
