"""The data catalog's databases and tables."""

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
    context.client("glue").create_table(DatabaseName=properties.text("DatabaseName"), TableInput=definition)
    return Created(name)


HANDLERS = {"AWS::Glue::Database": _database, "AWS::Glue::Table": _table}
