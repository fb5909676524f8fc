"""SQL of the Trino family over DuckDB: translated where its meaning is known, refused by name where it is not.

A service brings a catalog (its tables and where DuckDB has them) and a dialect (its own functions and literals),
prepares its connections once, and runs queries or describes them. It translates the two errors into its own.
"""

from emulator.sql.catalog import Catalog, Column, TableInfo, ViewInfo
from emulator.sql.dialect import TRINO, Dialect
from emulator.sql.errors import InvalidQueryError, QueryFailedError, SqlError
from emulator.sql.execution import Result, describe, prepare, run
from emulator.sql.translation import Translation, translate

__all__ = [
    "TRINO",
    "Catalog",
    "Column",
    "Dialect",
    "InvalidQueryError",
    "QueryFailedError",
    "Result",
    "SqlError",
    "TableInfo",
    "Translation",
    "ViewInfo",
    "describe",
    "prepare",
    "run",
    "translate",
]
