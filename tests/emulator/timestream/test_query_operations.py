"""Pages, tokens and cancelling, whatever the SQL is."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from emulator.sql import Result
from emulator.timestream import Store, statements
from emulator.timestream import query_operations as module
from emulator.timestream.errors import (
    ConflictException,
    QueryExecutionException,
    ServiceError,
    ValidationException,
)
from emulator.timestream.faults import Faults
from emulator.timestream.query_operations import QueryOperations
from tests.support.timestream_factory import DATABASE, NOW_NS, TABLE, ManualClock, record, write

MINUTE = 60_000_000_000
TOKEN = "t" * 32


class Engine:
    """Stands in for SQL: the query's text is how many rows to return, and of which size."""

    def __init__(self) -> None:
        self.runs = 0
        self.released = threading.Event()
        self.released.set()

    def run(
        self, _catalog: Any, cursor: duckdb.DuckDBPyConnection, query: str, _now: int, **_unused: Any
    ) -> Result:
        """Rows `0`, `1`, ... as texts, padded to a size."""
        self.runs += 1
        if query == "fail":
            raise QueryExecutionException("on purpose")
        if query == "forever":
            cursor.execute("SELECT sum(a.range) FROM range(10000000) a, range(10000000) b").fetchall()
        self.released.wait(20)
        count, _, size = query.partition("x")
        return Result([{"Name": "n"}], self._rows(int(count), int(size or 1)))

    def _rows(self, count: int, size: int) -> Iterator[Sequence[str]]:
        for first in range(0, count, 100):
            yield [str(number).rjust(size) for number in range(first, min(first + 100, count))]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The stand-in for SQL."""
    engine = Engine()
    monkeypatch.setattr(statements, "run", engine.run)
    return engine


@pytest.fixture
def faults() -> Faults:
    """Faults, none of them in force yet."""
    return Faults(["Query"])


@pytest.fixture
def queries(tmp_path: Path, clock: ManualClock, engine: Engine, faults: Faults) -> Iterator[QueryOperations]:
    """The queries of an empty region."""
    store = Store(tmp_path / "r", "us-east-1", clock)
    queries = QueryOperations(store, faults, None)
    yield queries
    engine.released.set()
    queries.close()
    store.close()


def ask(queries: QueryOperations, query: str, **members: Any) -> dict[str, Any]:
    """The response to a query."""
    return dict(orjson.loads(queries.query({"QueryString": query, **members})))


def walk(queries: QueryOperations, query: str, **members: Any) -> list[list[int]]:
    """The rows of every page."""
    page = ask(queries, query, **members)
    found = [page["Rows"]]
    while "NextToken" in page:
        page = ask(queries, query, NextToken=page["NextToken"], **members)
        found.append(page["Rows"])
    return found


def test_small_result_comes_at_once(queries: QueryOperations) -> None:
    """Without MaxRows everything below 1 MB is one page without a token."""
    page = ask(queries, "2500")
    assert page["Rows"] == list(range(2_500))
    assert "NextToken" not in page
    assert page["ColumnInfo"] == [{"Name": "n"}]
    assert page["QueryStatus"]["ProgressPercentage"] == 100.0
    assert page["QueryStatus"]["CumulativeBytesMetered"] == 10_000_000


def test_empty_result_has_columns(queries: QueryOperations) -> None:
    """A result without rows is one empty page."""
    page = ask(queries, "0")
    assert (page["Rows"], page["ColumnInfo"]) == ([], [{"Name": "n"}])
    assert "NextToken" not in page


def test_max_rows_below_the_result_makes_the_first_page_empty(queries: QueryOperations) -> None:
    """As on AWS, the first answer then has a token and no rows; each later page has MaxRows at most."""
    assert [len(rows) for rows in walk(queries, "7", MaxRows=3)] == [0, 3, 3, 1]
    assert [row for rows in walk(queries, "250", MaxRows=100) for row in rows] == list(range(250))


@pytest.mark.parametrize("rows", [0, 2, 3])
def test_max_rows_that_hold_the_result_return_it(queries: QueryOperations, rows: int) -> None:
    """A result of up to MaxRows rows comes at once."""
    assert walk(queries, str(rows), MaxRows=3) == [list(range(rows))]


def test_pages_hold_1_mb(queries: QueryOperations) -> None:
    """Rows go to the next page before a page is larger than 1 MB."""
    pages = walk(queries, "25x100000")
    assert [len(rows) for rows in pages] == [10, 10, 5]
    assert [row for rows in pages for row in rows] == list(range(25))


def test_row_beyond_1_mb_fails(queries: QueryOperations) -> None:
    """A row that fits no page is an error of the query."""
    with pytest.raises(QueryExecutionException):
        ask(queries, "1x1000001")


def test_token_repeats_its_page_five_times(queries: QueryOperations) -> None:
    """The same token returns the same rows up to five times, then no more."""
    token = ask(queries, "7", MaxRows=3)["NextToken"]
    pages = [ask(queries, "7", MaxRows=3, NextToken=token) for _ in range(5)]
    assert all(page["Rows"] == [0, 1, 2] and page["NextToken"] == pages[0]["NextToken"] for page in pages)
    with pytest.raises(ValidationException):
        ask(queries, "7", MaxRows=3, NextToken=token)
    assert ask(queries, "7", MaxRows=3, NextToken=pages[0]["NextToken"])["Rows"] == [3, 4, 5]


def test_newer_token_ends_the_older(queries: QueryOperations) -> None:
    """Once the next token was used the one before it is invalid."""
    first = ask(queries, "7", MaxRows=3)["NextToken"]
    second = ask(queries, "7", MaxRows=3, NextToken=first)["NextToken"]
    ask(queries, "7", MaxRows=3, NextToken=second)
    with pytest.raises(ValidationException):
        ask(queries, "7", MaxRows=3, NextToken=first)


def test_token_expires_after_an_hour(queries: QueryOperations, clock: ManualClock) -> None:
    """A token is good for one hour."""
    token = ask(queries, "7", MaxRows=3)["NextToken"]
    clock.now_ns += 60 * MINUTE + 1
    with pytest.raises(ValidationException, match="Invalid pagination token"):
        ask(queries, "7", MaxRows=3, NextToken=token)


def test_token_belongs_to_its_query(queries: QueryOperations) -> None:
    """A token with another QueryString, or one that nobody issued, is refused."""
    token = ask(queries, "7", MaxRows=3)["NextToken"]
    for query, wrong in (("8", token), ("7", token[:-1]), ("7", "x" * 40)):
        with pytest.raises(ValidationException):
            ask(queries, query, NextToken=wrong)


def test_client_token_asks_once(queries: QueryOperations, engine: Engine, clock: ManualClock) -> None:
    """Within 5 minutes the same request gets the same answer, after them an error, after 4 hours a new run."""
    first = ask(queries, "7", ClientToken=TOKEN)
    clock.now_ns += 5 * MINUTE
    assert ask(queries, "7", ClientToken=TOKEN) == first
    assert engine.runs == 1
    with pytest.raises(ValidationException):
        ask(queries, "8", ClientToken=TOKEN)
    clock.now_ns += 1
    with pytest.raises(ValidationException):
        ask(queries, "7", ClientToken=TOKEN)
    clock.now_ns += 235 * MINUTE
    assert ask(queries, "7", ClientToken=TOKEN)["QueryId"] != first["QueryId"]


def test_client_token_of_a_failed_query_may_be_used_again(queries: QueryOperations, engine: Engine) -> None:
    """An error is not an answer to keep."""
    for _ in range(2):
        with pytest.raises(QueryExecutionException, match="on purpose"):
            ask(queries, "fail", ClientToken=TOKEN)
    assert engine.runs == 2


def test_two_calls_with_one_client_token_run_once(queries: QueryOperations, engine: Engine) -> None:
    """A call that repeats one still under way waits for its answer."""
    engine.released.clear()
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(queries, "3", ClientToken=TOKEN)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    engine.released.set()
    for thread in threads:
        thread.join()
    assert engine.runs == 1
    assert answers[0] == answers[1]


def test_slow_query_answers_with_an_empty_page(
    queries: QueryOperations, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a query still runs the answer is a token without rows, again and again."""
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.05)
    engine.released.clear()
    page = ask(queries, "3")
    assert page["Rows"] == []
    again = ask(queries, "3", NextToken=page["NextToken"])
    assert (again["Rows"], again["NextToken"]) == ([], page["NextToken"])
    assert again["QueryStatus"]["ProgressPercentage"] == 0.0
    engine.released.set()
    monkeypatch.setattr(module, "_WAIT_SECONDS", 20)
    assert ask(queries, "3", NextToken=page["NextToken"])["Rows"] == [0, 1, 2]


def test_cancelled_query_cannot_be_read(queries: QueryOperations) -> None:
    """After CancelQuery the query's token is a conflict; a second CancelQuery says so; a finished query cannot be."""
    page = ask(queries, "7", MaxRows=3)
    assert queries.cancel({"QueryId": page["QueryId"]}) == {}
    assert "cancelled before" in queries.cancel({"QueryId": page["QueryId"]})["CancellationMessage"]
    with pytest.raises(ConflictException):
        ask(queries, "7", NextToken=page["NextToken"])
    for query_id in ("UNKNOWN", ask(queries, "3")["QueryId"]):
        with pytest.raises(ValidationException):
            queries.cancel({"QueryId": query_id})


def test_cancelling_interrupts_a_running_query(
    queries: QueryOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that computes stops soon after it is cancelled."""
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.2)
    page = ask(queries, "forever")
    queries.cancel({"QueryId": page["QueryId"]})
    until = time.monotonic() + 10
    while any(thread.name == f"query-{page['QueryId']}" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)
    with pytest.raises(ConflictException):
        ask(queries, "forever", NextToken=page["NextToken"])


def test_first_page_is_empty_by_request(queries: QueryOperations, faults: Faults) -> None:
    """The fault makes the next queries begin with a token only; no row is lost by it."""
    faults.replace({"empty_first_pages": {"count": 1}})
    assert walk(queries, "3") == [[], [0, 1, 2]]
    assert walk(queries, "3") == [[0, 1, 2]]


def test_old_results_make_room(queries: QueryOperations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many unread results are kept; the oldest go first, and their tokens with them."""
    monkeypatch.setattr(module, "_OPEN_RUNS", 3)
    tokens = [ask(queries, "7", MaxRows=3)["NextToken"] for _ in range(4)]
    with pytest.raises(ServiceError):
        ask(queries, "7", NextToken=tokens[0])
    assert ask(queries, "7", NextToken=tokens[1])["Rows"]


def test_moments_before_1970(store: Store) -> None:
    """A timestamp that was written as a measure may be before 1970: truncating goes back, and bin refuses it."""
    written = [{"Name": "booted", "Value": "-1", "Type": "TIMESTAMP"}]
    write(store, record(MeasureValues=written, TimeUnit="SECONDS", Time=str(NOW_NS // 10**9)))
    table = f"{DATABASE}.{TABLE}"
    truncated = f"SELECT date_trunc('hour', booted), date_trunc('day', booted) FROM {table}"
    with store.reader() as (catalog, cursor):
        (found,) = next(statements.run(catalog, cursor, truncated, NOW_NS).rows)
    assert [datum["ScalarValue"] for datum in json.loads(found)["Data"]] == [
        "1969-12-31 23:00:00.000000000",
        "1969-12-31 00:00:00.000000000",
    ]
    with (
        store.reader() as (catalog, cursor),
        pytest.raises(QueryExecutionException, match="negative time"),
    ):
        next(statements.run(catalog, cursor, f"SELECT bin(booted, 1h) FROM {table}", NOW_NS).rows)
