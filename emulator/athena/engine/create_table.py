"""CREATE TABLE … AS: a query's rows as files, and a table of them in the data catalog."""

from collections.abc import Sequence
from typing import Any

from emulator.athena.engine import column_types, errors, storage
from emulator.athena.engine.dialect import CATALOG
from emulator.athena.engine.files import Target
from emulator.athena.engine.statements import Names, Parsed
from emulator.athena.engine.targets import read_properties, target_of
from emulator.athena.outcome import QueryError
from emulator.athena.session import Session
from emulator.sql.types import Type

_FORM = {"format": "PARQUET", "write_compression": "GZIP"}


def parts(parsed: Parsed, session: Session) -> tuple[tuple[str, str], Target]:
    """The table's database and name, and where its rows go.

    InvalidQueryError where the statement is wrong or not supported, QueryError if there is such a table.
    """
    reader = Names(parsed, session)
    reader.expect("CREATE", "TABLE")
    name = reader.name()
    properties = read_properties(reader) if reader.key == "WITH" else {}
    label = f"{CATALOG}.{'.'.join(name)}"
    if session.glue.table(*name) is not None:
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: Destination table '{label}' already exists", 2, errors.USER
        )
    place = properties.pop("external_location", f"{session.output}tables/{session.query_id}/")
    if "parquet_compression" in properties:
        properties["write_compression"] = properties.pop("parquet_compression")
    return name, target_of(place, properties, _FORM, "CREATE TABLE")


def table_input(name: str, columns: Sequence[tuple[str, Type]], target: Target) -> dict[str, Any]:
    """The table of the files as Athena puts it into Glue."""
    serde, reads, writes = storage.HIVE[target.format]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": column_types.hive(kind)} for column, kind in columns],
            "Location": target.uri,
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"serialization.format": "1"}},
        },
    }
