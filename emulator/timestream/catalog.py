"""The names of one region: its databases and tables, as AWS describes them and as SQL sees them."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from emulator.sql import InvalidQueryError, TableInfo
from emulator.timestream.errors import ResourceNotFoundException
from emulator.timestream.resources import DatabaseDescription, TableDescription
from emulator.timestream.schema import Measure
from emulator.timestream.table import Table


class RegionCatalog:
    """Everything of a region by name, as it is in the store's; changes are made there, under its lock."""

    def __init__(
        self,
        lock: threading.RLock,
        databases: Mapping[str, DatabaseDescription],
        tables: Mapping[tuple[str, str], Table],
    ) -> None:
        self._lock = lock
        self._databases = databases
        self._tables = tables

    # For SQL: errors are those of a query.

    def databases(self) -> Sequence[str]:
        """The names of all databases, sorted."""
        return sorted(self._databases)

    def tables(self, database: str) -> Sequence[str]:
        """The names of a database's tables, sorted; InvalidQueryError when there is no such database."""
        if database not in self._databases:
            raise InvalidQueryError(f"The database {database} does not exist.")
        return sorted(name for owner, name in list(self._tables) if owner == database)

    def table(self, database: str, table: str) -> TableInfo:
        """A table's columns and the relation that has them; InvalidQueryError when there is none."""
        found = self._tables.get((database, table))
        if found is None:
            what = f"table {database}.{table}" if database in self._databases else f"database {database}"
            raise InvalidQueryError(f"The {what} does not exist.")
        return found.published

    def measures(self, database: str, table: str) -> Sequence[Measure]:
        """The measure names ever written to a table, sorted by name."""
        self.table(database, table)
        with self._lock:
            return self._tables[database, table].schema.listed_measures()

    # For operations: errors are those of AWS.

    def described_databases(self) -> list[tuple[DatabaseDescription, int]]:
        """Every database and the number of its tables, by name."""
        with self._lock:
            counts = Counter(database for database, _ in self._tables)
            return [(self._databases[name], counts[name]) for name in sorted(self._databases)]

    def described_tables(self, database: str | None) -> list[TableDescription]:
        """The tables of one database or of all, by name."""
        with self._lock:
            return [
                self._tables[key].description
                for key in sorted(self._tables)
                if database is None or key[0] == database
            ]

    def database_of(self, name: str) -> DatabaseDescription:
        """A database; ResourceNotFoundException if there is none."""
        found = self._databases.get(name)
        if found is None:
            raise ResourceNotFoundException(f"The database {name} does not exist.")
        return found

    def table_of(self, database: str, name: str) -> Table:
        """A table; ResourceNotFoundException if there is none."""
        found = self._tables.get((database, name))
        if found is None:
            self.database_of(database)
            raise ResourceNotFoundException(f"The table {name} does not exist.")
        return found
