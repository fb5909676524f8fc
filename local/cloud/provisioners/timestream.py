"""Databases and tables of the metric store, created in the Timestream engine."""

from typing import Any

from local.cloud.properties import Properties
from local.cloud.provisioners.context import Context, Created


def _database(context: Context, properties: Properties) -> Created:
    name = properties.text("DatabaseName", context.name(properties.logical_id, longest=64).replace("-", "_"))
    database = context.client("timestream-write").create_database(
        DatabaseName=name, **properties.subset("KmsKeyId", "Tags")
    )["Database"]
    return Created(name, {"Arn": database["Arn"]})


def _table(context: Context, properties: Properties) -> Created:
    database = properties.text("DatabaseName")
    name = properties.text("TableName", context.name(properties.logical_id, longest=64))
    arguments: dict[str, Any] = properties.subset("MagneticStoreWriteProperties", "Schema", "Tags")
    retention = properties.get("RetentionProperties")
    if retention is not None:
        arguments["RetentionProperties"] = {key: int(value) for key, value in retention.items()}
    magnetic = arguments.get("MagneticStoreWriteProperties")
    if magnetic is not None:
        arguments["MagneticStoreWriteProperties"] = {
            **magnetic,
            "EnableMagneticStoreWrites": magnetic["EnableMagneticStoreWrites"] in {True, "true"},
        }
    table = context.client("timestream-write").create_table(
        DatabaseName=database, TableName=name, **arguments
    )["Table"]
    return Created(f"{database}|{name}", {"Arn": table["Arn"], "Name": name})


PROVISIONERS = {"AWS::Timestream::Database": _database, "AWS::Timestream::Table": _table}
