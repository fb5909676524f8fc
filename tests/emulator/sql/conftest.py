"""The fleet's table, and a way to ask it in Timestream's dialect."""

from collections.abc import Iterator

import duckdb
import pytest

from emulator import sql
from emulator.timestream.dialect import TIMESTREAM
from tests.support.sql_fleet import NOW, Answer, Ask, Row, Tables, fleet, fleet_database, read


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """The table's rows as plain Python."""
    return fleet()


@pytest.fixture(scope="session")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """The table in DuckDB."""
    with fleet_database() as connection:
        yield connection


@pytest.fixture(scope="session")
def ask(database: duckdb.DuckDBPyConnection) -> Ask:
    """A function that runs a query and reads its rows back."""

    def asking(query: str, now_ns: int = NOW) -> Answer:
        with database.cursor() as cursor:
            return read(sql.run(Tables(), cursor, query, now_ns, TIMESTREAM))

    return asking
