"""The dimension registry in DynamoDB: one item for each Timestream table.

The item holds `names`, a string set of the names as they were first written, and `revision`, which every change
raises by one, so that two functions which admit at the same time cannot both succeed on the same revision.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.adapters.dynamodb.table import Table, Value, number
from handlers.vocabulary import DIMENSIONS_KEY


class DimensionTable:
    """Names are read when one is unknown and kept for the life of the process: an admitted name stays admitted."""

    def __init__(self, dynamodb: Any, registry_table: str, metrics_table: str) -> None:
        self._table = Table(dynamodb, registry_table, DIMENSIONS_KEY)
        self._key = metrics_table
        self._names: dict[str, str] = {}
        self._revision: float | None = None

    def known(self) -> Mapping[str, str]:
        """The names of the last refresh, and those admitted since."""
        return self._names

    def refresh(self) -> Mapping[str, str]:
        """The names of the item as it is now."""
        item = self._table.get(self._key)
        self._names = {name.lower(): name for name in item.get("names", {}).get("SS", [])}
        self._revision = number(item, "revision")
        return self._names

    def admit(self, names: Iterable[str]) -> bool:
        """Adds the names, unless the item has changed since the last refresh."""
        names = set(names)
        values: dict[str, Value] = {"names": names, "next": int(self._revision or 0) + 1}
        condition = "attribute_not_exists(#revision)"
        if self._revision is not None:
            condition, values["revision"] = "#revision = :revision", int(self._revision)
        change = "SET #revision = :next ADD #names :names"
        if not self._table.update(self._key, change, values, condition=condition)[0]:
            return False
        self._names = {**self._names, **{name.lower(): name for name in names}}
        return True
