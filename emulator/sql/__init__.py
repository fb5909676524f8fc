"""Timestream's SQL over DuckDB: translated where its meaning is known, refused by name where it is not."""

from emulator.sql.execution import prepare
from emulator.sql.result import Result
from emulator.timestream.statements import describe, run

__all__ = ["Result", "describe", "prepare", "run"]
