"""A store and a server of one's own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from emulator.timestream import Server, Store, run
from tests.support.sql_fleet import NOW, Answer, Ask, Row, Tables, fleet, fleet_database, read
from tests.support.timestream_factory import ManualClock, client, create


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The rows of the fleet's table as plain Python."""
    return fleet()


@pytest.fixture(scope="session")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The fleet's table in DuckDB."""
    with fleet_database() as connection:
        yield connection


@pytest.fixture(scope="session")
def ask(database: duckdb.DuckDBPyConnection) -> Ask:
    """A function that runs a statement over the fleet's table and reads its rows back."""

    def asking(statement: str) -> Answer:
        with database.cursor() as cursor:
            return read(run(Tables(), cursor, statement, NOW))

    return asking


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    """A store with one empty table."""
    store = Store(tmp_path / "region", "us-east-1", clock)
    create(store)
    yield store
    store.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that answers, with nothing in it."""
    with Server(tmp_path / "data") as server:
        yield server


@pytest.fixture
def endpoint(server: Server) -> str:
    """The server's address."""
    return server.url


@pytest.fixture
def writer(endpoint: str) -> Iterator[Any]:
    """boto3's timestream-write client."""
    with_closing = client("timestream-write", endpoint)
    yield with_closing
    with_closing.close()


@pytest.fixture
def reader(endpoint: str) -> Iterator[Any]:
    """boto3's timestream-query client."""
    with_closing = client("timestream-query", endpoint)
    yield with_closing
    with_closing.close()
