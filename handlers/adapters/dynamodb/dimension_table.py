"""The dimension registry in DynamoDB: one item for each Timestream table.

The item holds `names`, a string set of the names as they were first written, and `revision`, which every change
raises by one, so that two functions which admit at the same time cannot both succeed on the same revision.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
from handlers.vocabulary import DIMENSIONS_KEY


class DimensionTable:
    """Names are read when one is unknown and kept for the life of the process: an admitted name stays admitted."""

    def __init__(self, dynamodb: Any, registry_table: str, metrics_table: str) -> None:
        self._dynamodb = dynamodb
        self._item = {"TableName": registry_table, "Key": {DIMENSIONS_KEY[0]: {"S": metrics_table}}}
        self._names: dict[str, str] = {}
        self._revision: str | None = None

    def known(self) -> Mapping[str, str]:
        """The names of the last refresh, and those admitted since."""
        return self._names

    def refresh(self) -> Mapping[str, str]:
        """The names of the item as it is now."""
        try:
            item = self._dynamodb.get_item(**self._item, ConsistentRead=True).get("Item", {})
        except AWS_ERRORS as error:
            raise translate(error) from error
        self._names = {name.lower(): name for name in item.get("names", {}).get("SS", [])}
        self._revision = item.get("revision", {}).get("N")
        return self._names

    def admit(self, names: Iterable[str]) -> bool:
        """Adds the names, unless the item has changed since the last refresh."""
        names = list(names)
        values = {":names": {"SS": names}, ":next": {"N": str(int(self._revision or 0) + 1)}}
        condition = "attribute_not_exists(revision)"
        if self._revision is not None:
            condition = "revision = :revision"
            values[":revision"] = {"N": self._revision}
        try:
            self._dynamodb.update_item(
                **self._item,
                UpdateExpression="SET revision = :next ADD #names :names",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#names": "names"},
                ExpressionAttributeValues=values,
            )
        except AWS_ERRORS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translate(error) from error
        self._names = {**self._names, **{name.lower(): name for name in names}}
        return True
