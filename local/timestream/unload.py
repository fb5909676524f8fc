"""UNLOAD: a query's rows to S3."""

from dataclasses import dataclass

import duckdb

from local.timestream.catalog import Catalog
from local.timestream.errors import ValidationException
from local.timestream.sql.result import Result


@dataclass(frozen=True)
class UnloadTarget:
    """Where UNLOAD finds S3, and whether it is to fail on the way."""

    s3_endpoint: str | None
    region: str
    fail: bool = False


def run_unload(
    catalog: Catalog,
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    now_ns: int,
    target: UnloadTarget | None,
    query_id: str,
) -> Result:
    """Return the one row that UNLOAD answers."""
    raise ValidationException("UNLOAD is not supported without S3")
