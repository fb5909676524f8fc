"""The dimension names that a deployment's table has by now."""

from collections.abc import Sequence

from handlers.adapters.dynamodb.dimension_table import DimensionTable
from ops.errors import refusals
from ops.stack import Target


def deployed_names(target: Target) -> Sequence[str]:
    """The names as they were first written; OperatorError if they cannot be read."""
    table = DimensionTable(
        target.client("dynamodb"), target.output("DimensionsTableName"), target.output("TableName")
    )
    with refusals("cannot read the dimension names"):
        return list(table.refresh().values())
