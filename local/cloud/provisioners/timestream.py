"""Databases and tables of the metric store, created in the Timestream engine."""

from typing import Any

from local.cloud.properties import Properties
from local.cloud.provisioners.context import Context, Created


def _database(context: Context, properties: Properties) -> Created:
    name = properties.text("DatabaseName", context.name(properties.logical_id, longest=64).replace("-", "_"))
    client = context.client("timestream-write")
    try:
        database = client.create_database(DatabaseName=name, **properties.subset("KmsKeyId", "Tags"))[
            "Database"
        ]
    except client.exceptions.ConflictException:
        # Kept from an earlier run, as a retained database that is imported into the stack.
        database = client.describe_database(DatabaseName=name)["Database"]
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
    client = context.client("timestream-write")
    try:
        table = client.create_table(DatabaseName=database, TableName=name, **arguments)["Table"]
    except client.exceptions.ConflictException:
        changeable = {key: value for key, value in arguments.items() if key != "Tags"}
        table = client.update_table(DatabaseName=database, TableName=name, **changeable)["Table"]
    return Created(f"{database}|{name}", {"Arn": table["Arn"], "Name": name})


PROVISIONERS = {"AWS::Timestream::Database": _database, "AWS::Timestream::Table": _table}
