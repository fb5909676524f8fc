"""Answers of PyAthena and awswrangler as JSON lines; run in the environment that has them, and nothing else of ours.

On standard input, in JSON: the `group` of readers, an `unloading` one that leaves the place of results to its caller, a
`database`, a `folder` for what is unloaded, and the `sql` that is asked.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import awswrangler
import pyathena
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor


def answers(given: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Each client's answer under a name for it."""
    sql, database, folder = given["sql"], given["database"], given["folder"]
    connection = pyathena.connect(work_group=given["group"], schema_name=database)
    cursor = connection.cursor()
    yield "cursor", [list(row) for row in cursor.execute(sql)]
    yield "columns", [[column[0], column[1]] for column in cursor.description or ()]
    one = f"SELECT * FROM ({sql}) WHERE name = ?"
    yield "parameters", [list(row) for row in cursor.execute(one, ['it\'s "é"'], paramstyle="qmark")]
    yield "tables", sorted(row[0] for row in cursor.execute("SHOW TABLES"))
    try:
        cursor.execute("SELECT * FROM nowhere")
    except OperationalError as error:
        yield "error", str(error)

    staged = pyathena.connect(
        work_group=given["unloading"], schema_name=database, s3_staging_dir=f"{folder}staged/"
    )
    yield "unload", _records(staged.cursor(PandasCursor, unload=True).execute(sql).as_pandas())

    usual = {"database": database, "workgroup": given["group"]}
    yield "created frame", _records(awswrangler.athena.read_sql_query(sql, **usual))
    session = {**usual, "ctas_approach": False}
    yield "frame", _records(awswrangler.athena.read_sql_query(sql, **session))
    chunks = awswrangler.athena.read_sql_query(sql, **session, chunksize=1)
    yield "chunks", [_records(chunk) for chunk in chunks]
    session |= {"workgroup": given["unloading"], "s3_output": f"{folder}frames/"}
    yield "unloaded frame", _records(awswrangler.athena.read_sql_query(sql, **session, unload_approach=True))
    yield "catalog", sorted(awswrangler.catalog.tables(database=database)["Table"])


def _records(frame: Any) -> Any:
    return json.loads(frame.to_json(orient="values"))


if __name__ == "__main__":
    for name, answer in answers(json.load(sys.stdin)):
        print(json.dumps([name, answer]), flush=True)
