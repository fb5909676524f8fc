"""The data catalog's databases and tables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _database(context: Context, properties: Properties) -> Created:
    properties.only("CatalogId", context.account_id)
    definition = dict(properties.require("DatabaseInput"))
    name = definition.setdefault("Name", context.name(properties.logical_id, lower=True))
    context.client("glue").create_database(DatabaseInput=definition)
    return Created(name)


def _table(context: Context, properties: Properties) -> Created:
    properties.only("CatalogId", context.account_id)
    definition = dict(properties.require("TableInput"))
    name = definition.setdefault("Name", context.name(properties.logical_id, lower=True))
    if definition.get("TableType") == "VIRTUAL_VIEW" or "projection.enabled" in definition.get(
        "Parameters", {}
    ):
        _check(properties, definition)
    context.client("glue").create_table(DatabaseName=properties.text("DatabaseName"), TableInput=definition)
    return Created(name)


def _check(properties: Properties, definition: Mapping[str, Any]) -> None:
    """Refuse a view that Athena could not read, or partitions that it could not project: AWS tells a query only."""
    # Large, and most templates have neither.
    from emulator.athena.engine import projection, views  # noqa: PLC0415
    from emulator.sql import InvalidQueryError  # noqa: PLC0415

    try:
        if views.is_view(definition):
            views.read({"DatabaseName": properties.text("DatabaseName"), **definition})
        parameters = definition.get("Parameters", {})
        if projection.enabled(parameters):
            for key in definition.get("PartitionKeys", ()):
                next(projection.values(key["Name"], parameters, datetime.now(UTC)), None)
    except InvalidQueryError as error:
        raise properties.refuse("TableInput", error.message) from error


HANDLERS = {"AWS::Glue::Database": _database, "AWS::Glue::Table": _table}
