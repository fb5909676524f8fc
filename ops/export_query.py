"""Tables of DuckDB on this machine as readers of the exports see them: from the catalog to the rows."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from handlers.vocabulary import DATASETS
from ops.export_files import Published, published
from ops.local_tables import LocalTables
from ops.stack import Target
from ops.store.quoted import quoted_name

# The catalog's types as DuckDB has them; times keep their nanoseconds.
_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "double": "DOUBLE",
    "bigint": "BIGINT",
    "timestamp": "TIMESTAMP_NS",
}
_PARTITION = ("export_date", "export_hour")


class Exported(LocalTables):
    """The newest hours of a deployment's exports as tables `metrics` and `aggregates`, for as long as it is open."""

    def __init__(self, target: Target, hours: int) -> None:
        super().__init__(DATASETS)
        with tempfile.TemporaryDirectory(prefix="tidegauge-") as folder:
            for dataset in DATASETS:
                _load(target, self._database, dataset, Path(folder), hours)
        self.seal()


def _load(
    target: Target, database: duckdb.DuckDBPyConnection, dataset: str, folder: Path, hours: int
) -> None:
    """Make a table with the catalog's columns and the rows of the hours its partitions point at."""
    columns, partitions = published(target, dataset)
    types = [(name, _TYPES[kind]) for name, kind in columns] + [(key, "VARCHAR") for key in _PARTITION]
    known = {name.lower() for name, _ in types}
    listed = ", ".join(f"{quoted_name(column)} {kind}" for column, kind in types)
    database.execute(f"CREATE TABLE {dataset} ({listed})")
    for partition in partitions[-hours:] if hours > 0 else []:
        for file in _download(target, partition, folder):
            # DuckDB itself would read their times (INT96) as microseconds; a column that is in no catalog is not read.
            rows = pq.read_table(file)
            database.register("file", rows)
            shown = ", ".join(quoted_name(name) for name in rows.column_names if name.lower() in known)
            database.execute(
                f"INSERT INTO {dataset} BY NAME "  # noqa: S608 -- one of our two names, and quoted ones
                f"SELECT {shown}, ? AS export_date, ? AS export_hour FROM file",
                [partition.date, partition.hour],
            )
            database.unregister("file")


def _download(target: Target, partition: Published, folder: Path) -> Iterator[Path]:
    s3 = target.client("s3")
    for file in partition.files(s3):
        path = folder / file.key.replace("/", "_")
        s3.download_file(file.bucket, file.key, str(path))
        yield path
