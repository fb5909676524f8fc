"""A data catalog and buckets in memory, as Athena's engine asks for them."""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import md5
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from emulator.athena.engine import Engine
from emulator.athena.outcome import Outcome, QueryError
from emulator.athena.ports import StoredObject
from emulator.athena.session import Session

NOW_NS = 1_795_641_000_000_000_000
"""2026-11-25 21:10:00 UTC."""
HOURS = {
    "projection.enabled": "true",
    "projection.hour.type": "date",
    "projection.hour.format": "yyyy-MM-dd-HH",
    "projection.hour.interval": "1",
    "projection.hour.interval.unit": "HOURS",
    "projection.hour.range": "NOW-3DAYS,NOW+1HOURS",
    "storage.location.template": "s3://data/hot/hour=${hour}/",
}
"""The properties of a table with a partition for each hour of three days, by its text in `hour`."""

Columns = Mapping[str, str]
_JSON = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hive.hcatalog.data.JsonSerDe")
_PARQUET = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
)


class World:
    """Glue and S3 in one; `reads` are the keys of the objects that were read."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.catalog: dict[str, dict[str, Mapping[str, Any]]] = {"lake": {}}
        self.registered: dict[str, list[Mapping[str, Any]]] = {}
        self.bodies: dict[tuple[str, str], bytes] = {}
        self.reads: list[str] = []

    def databases(self) -> Sequence[str]:
        """As `ports.Glue` has it."""
        return sorted(self.catalog)

    def tables(self, database: str) -> Sequence[Mapping[str, Any]]:
        """As `ports.Glue` has it."""
        return list(self.catalog.get(database, {}).values())

    def table(self, database: str, name: str) -> Mapping[str, Any] | None:
        """As `ports.Glue` has it."""
        return self.catalog.get(database, {}).get(name)

    def partitions(self, database: str, table: str) -> Sequence[Mapping[str, Any]]:
        """As `ports.Glue` has it."""
        assert table in self.catalog[database]
        return self.registered.get(table, [])

    def put_table(self, database: str, table_input: Mapping[str, Any], *, replace: bool) -> None:
        """As `ports.Glue` has it."""
        assert replace == (table_input["Name"] in self.catalog[database])
        self.catalog[database][table_input["Name"]] = {**table_input, "DatabaseName": database}

    def delete_table(self, database: str, name: str) -> None:
        """As `ports.Glue` has it."""
        del self.catalog[database][name]

    def listed(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """As `ports.Objects` has it."""
        for (owner, key), body in sorted(self.bodies.items()):
            if owner == bucket and key.startswith(prefix):
                yield StoredObject(bucket, key, md5(body).hexdigest(), len(body))  # noqa: S324 - as S3 has it

    def read(self, stored: StoredObject) -> bytes:
        """As `ports.Objects` has it."""
        self.reads.append(stored.key)
        return self.bodies[stored.bucket, stored.key]

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """As `ports.Objects` has it."""
        self.bodies[bucket, key] = body

    def add_json(self, name: str, columns: Columns, **described: Any) -> None:
        """Add a table of JSON lines below s3://data/<name>/; `keys` are the columns of its partitions."""
        self._add(name, columns, _JSON, **described)

    def add_parquet(self, name: str, columns: Columns, **described: Any) -> None:
        """Add a table of Parquet files below s3://data/<name>/."""
        self._add(name, columns, _PARQUET, **described)

    def add_view(self, name: str, sql: str) -> None:
        """Add a view."""
        self.run(f"CREATE VIEW {name} AS {sql}")

    def add_partition(self, table: str, values: Sequence[str], location: str) -> None:
        """Register a partition."""
        storage = {"Location": location}
        self.registered.setdefault(table, []).append({"Values": list(values), "StorageDescriptor": storage})

    def put_lines(self, key: str, *lines: Mapping[str, Any] | str) -> None:
        """Put an object of JSON lines into the bucket `data`, gzipped if its name says so."""
        text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        self.bodies["data", key] = gzip.compress(text.encode()) if key.endswith(".gz") else text.encode()

    def put_parquet(self, key: str, columns: Mapping[str, Any], **options: Any) -> None:
        """Put a Parquet file into the bucket `data`."""
        body = io.BytesIO()
        parquet.write_table(pa.table(dict(columns)), body, **options)
        self.bodies["data", key] = body.getvalue()

    def session(self, **changed: Any) -> Session:
        """A session in the database `lake`."""
        usual = {"glue": self, "objects": self, "now_ns": NOW_NS, "query_id": "q-1", "database": "lake"}
        return Session(**{**usual, **changed})

    def run(self, sql: str, **changed: Any) -> Outcome:
        """A statement's outcome."""
        return self.engine.run(sql, self.session(**changed))

    def rows(self, sql: str, **changed: Any) -> list[list[str | None]]:
        """A statement's rows as text."""
        return [list(row) for row in self.run(sql, **changed).rows]

    def failure(self, sql: str, **changed: Any) -> str:
        """The message of a statement that fails."""
        try:
            found: Iterable[Any] = self.rows(sql, **changed)
        except QueryError as error:
            return error.message
        raise AssertionError(f"it answered {found}")

    def _add(
        self,
        name: str,
        columns: Columns,
        form: tuple[str, str],
        keys: Columns | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        described = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": dict(parameters or {}),
            "PartitionKeys": _columns(keys or {}),
            "StorageDescriptor": {
                "Location": f"s3://data/{name}/",
                "Columns": _columns(columns),
                "InputFormat": form[0],
                "SerdeInfo": {"SerializationLibrary": form[1]},
            },
        }
        self.put_table("lake", described, replace=False)


def _columns(columns: Columns) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, kind in columns.items()]
