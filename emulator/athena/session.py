"""The surroundings of one query."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.athena.ports import Glue, Objects


@dataclass(frozen=True)
class Session:
    """Catalog, database, time, and the services as the query's caller may use them.

    `parameters` are what stands for each `?`. A query that would read more than `bytes_limit` fails. `output` is where
    results go, such as s3://bucket/folder/; a table that CREATE TABLE AS gives no place has its rows below it.
    """

    glue: Glue
    objects: Objects
    now_ns: int
    query_id: str
    database: str = "default"
    catalog: str = "AwsDataCatalog"
    parameters: Sequence[str] = ()
    bytes_limit: int | None = None
    output: str = ""
