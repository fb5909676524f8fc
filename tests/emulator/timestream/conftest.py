"""A store and a server of one's own for each test."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from botocore.config import Config

from emulator.timestream.clock import Clock
from emulator.timestream.http import Server
from emulator.timestream.service import Service
from emulator.timestream.store import Store
from tests.support.sql_fleet import Row, fleet, fleet_database
from tests.support.timestream_factory import ManualClock, create


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The rows of the fleet's table as plain Python."""
    return fleet()


@pytest.fixture(scope="session")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The fleet's table in DuckDB."""
    with fleet_database() as connection:
        yield connection


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
    service = Service(tmp_path / "data", Clock())
    server = Server(0, service.handle)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()
    server.drain(5)
    service.close()


@pytest.fixture
def endpoint(server: Server) -> str:
    """The server's address."""
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def writer(endpoint: str) -> Iterator[Any]:
    """Return boto3's timestream-write client."""
    with_closing = client("timestream-write", endpoint)
    yield with_closing
    with_closing.close()


@pytest.fixture
def reader(endpoint: str) -> Iterator[Any]:
    """Return boto3's timestream-query client."""
    with_closing = client("timestream-query", endpoint)
    yield with_closing
    with_closing.close()


def client(service: str, endpoint: str, region: str = "us-east-1", *, validate: bool = True) -> Any:
    """A boto3 client that tries each call once; without `validate` it sends what a shape forbids, too."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=validate),
    )
