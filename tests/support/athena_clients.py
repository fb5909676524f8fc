"""Answers of PyAthena and awswrangler as JSON lines; run in the environment that has them, and nothing else of ours.

Usage: python athena_clients.py WORK_GROUP DATABASE UNLOAD_FOLDER
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import awswrangler
import pyathena
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

SQL = (
    "SELECT name, count(*) AS n, max(value) AS most FROM points "
    "WHERE event_hour = '2026-11-25-20' GROUP BY name ORDER BY name"
)


def answers(group: str, database: str, folder: str) -> Iterator[tuple[str, Any]]:
    """Each client's answer under a name for it."""
    connection = pyathena.connect(work_group=group, schema_name=database)
    cursor = connection.cursor()
    yield "cursor", [list(row) for row in cursor.execute(SQL)]
    yield "columns", [[column[0], column[1]] for column in cursor.description or ()]
    asked = cursor.execute("SELECT name, value FROM points WHERE name = ?", ['it\'s "é"'], paramstyle="qmark")
    yield "parameters", [list(row) for row in asked]
    yield "tables", sorted(row[0] for row in cursor.execute("SHOW TABLES"))
    try:
        cursor.execute("SELECT * FROM nowhere")
    except OperationalError as error:
        yield "error", str(error)

    staged = pyathena.connect(work_group=group, schema_name=database, s3_staging_dir=f"{folder}staged/")
    whole = staged.cursor(PandasCursor, unload=True)
    yield "unload", _records(whole.execute(SQL).as_pandas())

    usual = {"database": database, "workgroup": group}
    yield "created frame", _records(awswrangler.athena.read_sql_query(SQL, **usual))
    session = {**usual, "ctas_approach": False}
    yield "frame", _records(awswrangler.athena.read_sql_query(SQL, **session))
    unloaded = awswrangler.athena.read_sql_query(
        SQL, **session, unload_approach=True, s3_output=f"{folder}frames/"
    )
    yield "unloaded frame", _records(unloaded)
    chunks = awswrangler.athena.read_sql_query(SQL, **session, chunksize=1)
    yield "chunks", [_records(chunk) for chunk in chunks]
    yield "catalog", sorted(awswrangler.catalog.tables(database=database)["Table"])


def _records(frame: Any) -> Any:
    return json.loads(frame.to_json(orient="values"))


if __name__ == "__main__":
    for name, answer in answers(*sys.argv[1:]):
        print(json.dumps([name, answer]), flush=True)
