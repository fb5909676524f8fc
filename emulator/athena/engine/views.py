"""Views as Athena keeps them in Glue: a table whose ViewOriginalText is base64 of JSON."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.athena.engine import column_types
from emulator.sql import InvalidQueryError
from emulator.sql.types import Type

_TEXT = re.compile(r"/\*\s*Presto View:\s*([A-Za-z0-9+/=\s]+?)\s*\*/")


def is_view(table: Mapping[str, Any]) -> bool:
    """True if a table of Glue is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def read(table: Mapping[str, Any]) -> tuple[str, str, tuple[tuple[str, Type], ...]]:
    """A view's SQL, the database that its names are in, and its columns; InvalidQueryError if it is not Athena's."""
    label = f"{table.get('DatabaseName')}.{table['Name']}"
    match = _TEXT.fullmatch((table.get("ViewOriginalText") or "").strip())
    try:
        view = json.loads(base64.b64decode(match[1])) if match else {}
        columns = tuple((c["name"], column_types.of_trino(c["type"])) for c in view["columns"])
        return view["originalSql"], view["schema"], columns
    except column_types.UnknownTypeError as error:
        raise InvalidQueryError(f"View '{label}' has a column of the unsupported type {error}") from error
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidQueryError(
            f"Failed analyzing stored view '{label}': its ViewOriginalText is no Presto View"
        ) from error


def table_input(name: str, sql: str, database: str, columns: Sequence[tuple[str, Type]]) -> dict[str, Any]:
    """The TableInput that CREATE VIEW puts into Glue; UnknownTypeError for a type that Hive does not have."""
    listed = [{"Name": column, "Type": column_types.hive(kind)} for column, kind in columns]
    view = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column, "type": column_types.trino(kind)} for column, kind in columns],
    }
    encoded = base64.b64encode(json.dumps(view).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {"Columns": listed, "Location": "", "SerdeInfo": {}},
    }
