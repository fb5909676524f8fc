"""Timestream's SQL over DuckDB: translated where its meaning is known, refused by name where it is not."""

from local.timestream.sql.execution import prepare
from local.timestream.sql.result import Result
from local.timestream.sql.statements import describe, run

__all__ = ["Result", "describe", "prepare", "run"]
