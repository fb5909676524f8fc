"""Tables of DuckDB on this machine as readers of the exports see them: from the catalog to the rows."""

import tempfile
from pathlib import Path

import duckdb

from handlers.vocabulary import DATASETS
from ops.errors import OperatorError, one_line
from ops.output import print_rows
from ops.stack import Target

# The catalog's types as DuckDB has them; times keep their nanoseconds.
_TYPES = {"string": "VARCHAR", "double": "DOUBLE", "bigint": "BIGINT", "timestamp": "TIMESTAMP_NS"}
_PARTITION = ("export_date", "export_hour")


def query(target: Target, sql: str, *, hours: int) -> None:
    """Print the answer over the newest `hours` published hours; OperatorError with DuckDB's reason."""
    with tempfile.TemporaryDirectory(prefix="tidegauge-") as folder, duckdb.connect() as database:
        for dataset in DATASETS:
            _load(target, database, dataset, Path(folder), hours)
        try:
            found = database.sql(sql)
            columns, rows = (found.columns, found.fetchall()) if found is not None else ([], [])
        except duckdb.Error as error:
            raise OperatorError(one_line(str(error))) from error
    print_rows(columns, rows)


def _load(
    target: Target, database: duckdb.DuckDBPyConnection, dataset: str, folder: Path, hours: int
) -> None:
    """A table with the catalog's columns and the rows of the hours its partitions point at."""
    glue, name = target.client("glue"), target.output("ExportDatabaseName")
    table = glue.get_table(DatabaseName=name, Name=dataset)["Table"]
    columns = [(column["Name"], _TYPES[column["Type"]]) for column in table["StorageDescriptor"]["Columns"]]
    columns += [(key, "VARCHAR") for key in _PARTITION]
    known = {name.lower() for name, _ in columns}
    listed = ", ".join(f"{_quoted(column)} {kind}" for column, kind in columns)
    database.execute(f"CREATE TABLE {dataset} ({listed})")
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=name, TableName=dataset)
    partitions = sorted((p for page in pages for p in page["Partitions"]), key=lambda p: list(p["Values"]))
    for partition in partitions[-hours:] if hours > 0 else []:
        files = _download(target, partition["StorageDescriptor"]["Location"], folder)
        if files:
            # A column that the catalog does not have is not read, as in Athena.
            names = database.read_parquet(files, union_by_name=True).columns
            shown = ", ".join(_quoted(name) for name in names if name.lower() in known)
            database.execute(
                f"INSERT INTO {dataset} BY NAME "  # noqa: S608 -- one of our two names, and quoted ones
                f"SELECT {shown}, ? AS export_date, ? AS export_hour FROM read_parquet(?, union_by_name = true)",
                [*partition["Values"], files],
            )


def _download(target: Target, location: str, folder: Path) -> list[str]:
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    s3 = target.client("s3")
    files = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            path = folder / entry["Key"].replace("/", "_")
            s3.download_file(bucket, entry["Key"], str(path))
            files.append(str(path))
    return files


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
