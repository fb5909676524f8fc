"""Databases and tables of the metric store, created in the Timestream engine."""

from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _database(context: Context, properties: Properties) -> Created:
    client = context.client("timestream-write")
    name = properties.text("DatabaseName", context.name(properties.logical_id, longest=64).replace("-", "_"))
    arguments = properties.subset("KmsKeyId", "Tags")
    try:
        database = client.create_database(DatabaseName=name, **arguments)["Database"]
    except client.exceptions.ConflictException:
        # The engine was started with the data of an earlier run.
        database = client.describe_database(DatabaseName=name)["Database"]
    return Created(name, {"Arn": database["Arn"]})


def _table(context: Context, properties: Properties) -> Created:
    client = context.client("timestream-write")
    names = {
        "DatabaseName": properties.text("DatabaseName"),
        "TableName": properties.text("TableName", context.name(properties.logical_id, longest=64)),
    }
    settings: dict[str, Any] = properties.subset(
        "MagneticStoreWriteProperties", "RetentionProperties", "Schema"
    )
    if "RetentionProperties" in settings:
        retention = settings["RetentionProperties"]
        settings["RetentionProperties"] = {key: int(value) for key, value in retention.items()}
    if "MagneticStoreWriteProperties" in settings:
        magnetic = dict(settings["MagneticStoreWriteProperties"])
        magnetic["EnableMagneticStoreWrites"] = magnetic["EnableMagneticStoreWrites"] in {True, "true"}
        settings["MagneticStoreWriteProperties"] = magnetic
    try:
        table = client.create_table(**names, **settings, Tags=properties.get("Tags", []))["Table"]
    except client.exceptions.ConflictException:
        table = client.update_table(**names, **settings)["Table"]
    attributes = {"Arn": table["Arn"], "Name": names["TableName"]}
    return Created(f"{names['DatabaseName']}|{names['TableName']}", attributes)


HANDLERS = {"AWS::Timestream::Database": _database, "AWS::Timestream::Table": _table}
