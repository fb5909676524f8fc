"""The names of the source's dimensions in the lake's registry, where they stay for ever."""

from collections.abc import Sequence

from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.adapters.lake.catalog import LakeCatalog
from ops.errors import OperatorError, refusals
from ops.stack import Target


class LakeNames:
    """The registry of a lake, and the columns that its names have in what people read."""

    def __init__(self, lake: Target) -> None:
        outputs = lake.outputs()
        self._registry = DimensionTable(
            lake.client("dynamodb"), outputs["DimensionsTableName"], outputs["TableName"]
        )
        self._catalog = LakeCatalog(lake.client("glue"), outputs["ExportDatabaseName"])
        self._environment, self._budget = lake.config.environment, lake.config.store.dimension_budget

    def missing(self, names: Sequence[str]) -> list[str]:
        """The names that the lake does not have yet; OperatorError with the names that it cannot take."""
        with refusals("cannot read the lake's registry of dimensions"):
            admitted = self._registry.refresh()
        spelled = [(name, admitted.get(name.lower(), name)) for name in names]
        clashes = [f"{name} is {other} there" for name, other in spelled if name != other]
        if clashes:
            raise OperatorError(
                f"names of dimensions are one without regard to case, and {self._environment} has them in another: "
                f"{', '.join(clashes)}; copy into a lake that has not seen them yet"
            )
        new = [name for name in names if name.lower() not in admitted]
        if len(admitted) + len(new) > self._budget:
            raise OperatorError(
                f"{self._environment} has {len(admitted)} of its {self._budget} names of dimensions, and "
                f"{len(new)} would be new: {', '.join(new)}; raise store.dimension_names and deploy"
            )
        return new

    def admit(self, names: Sequence[str]) -> None:
        """Admit the names that are missing, and show them as columns; OperatorError if the lake cannot take them."""
        new = self.missing(names)
        with refusals("cannot admit dimensions to the lake"):
            if new and not self._registry.admit(new):
                raise OperatorError("the lake's registry of dimensions was changed just now; run this again")
            self._catalog.show_dimensions(lambda: self._registry.refresh().values())
