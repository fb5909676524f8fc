"""The items of the export hours table, and the updates that change them.

The table's key is `id`: `hour#2026-11-22T02` is an hour's entry, `tidy#…` the task to clean it up, `points#…` says that
it has points; `watermark`, `pace` and `noting` are one item each. `work` and `due_at` stand only on items that have
something to be done, and so in the index.
"""

import re
from collections.abc import Mapping
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Outcome, Published, Record
from handlers.vocabulary import DUE_INDEX, DUE_KEY, EXPORT_HOURS_KEY

EXPORT = "export"
TIDY = "tidy"
HOUR_PREFIX = "hour#"
TIDY_PREFIX = "tidy#"
POINTS_PREFIX = "points#"

Value = str | int | float | Mapping[str, float]
ID = EXPORT_HOURS_KEY[0]
_WORK, _DUE_AT = DUE_KEY
_NAMES = re.compile(r"#(\w+)")


class ExportHoursTable:
    """Conditional updates of single items; a condition that does not hold is an answer, not an error."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self.dynamodb = dynamodb
        self.name = table

    def update(
        self, key: str, change: str, values: Mapping[str, Value], *, condition: str | None = None
    ) -> tuple[bool, dict[str, Any]]:
        """True if the change was made, and the item: as it is now, or as it kept the condition from holding.

        Every `#name` in the two expressions stands for the attribute of that name.
        """
        names = _NAMES.findall(f"{change} {condition}")
        arguments: dict[str, Any] = {
            "TableName": self.name,
            "Key": {ID: {"S": key}},
            "UpdateExpression": change,
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": {f":{name}": written(value) for name, value in values.items()},
            "ReturnValues": "ALL_NEW",
        }
        if condition is not None:
            arguments |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            return True, self.dynamodb.update_item(**arguments)["Attributes"]
        except AWS_ERRORS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False, getattr(error, "response", {}).get("Item", {})
            raise translate(error) from error

    def get(self, key: str) -> dict[str, Any]:
        """The item as it is now; empty if there is none."""
        return self.call("get_item", Key={ID: {"S": key}}, ConsistentRead=True).get("Item", {})

    def note_points(self, hour: Hour) -> None:
        """Notes that an hour has points; for ever, as an export may be asked for at any time."""
        self.update(key_of(hour, POINTS_PREFIX), "SET #noted = :one", {"one": 1})

    def due(self, work: str, now_s: float, limit: int) -> list[dict[str, Any]]:
        """The items that have this work to be done by now, the longest due first."""
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        while len(found) < limit:
            answer = self.call(
                "query",
                IndexName=DUE_INDEX,
                KeyConditionExpression=f"#{_WORK} = :work AND #{_DUE_AT} <= :now",
                ExpressionAttributeNames={f"#{name}": name for name in DUE_KEY},
                ExpressionAttributeValues={":work": {"S": work}, ":now": written(now_s)},
                Limit=limit - len(found),
                **page,
            )
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            page = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return found

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """An operation on the table, its errors translated."""
        try:
            return getattr(self.dynamodb, operation)(TableName=self.name, **arguments)
        except AWS_ERRORS as error:
            raise translate(error) from error


def written(value: Value) -> dict[str, Any]:
    """A value as DynamoDB has it; times are kept to the millisecond."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        return {"M": {name: written(member) for name, member in value.items()}}
    return {"N": repr(round(value, 3))}


def number(item: Mapping[str, Any], name: str) -> float | None:
    """A numeric attribute; None if the item does not have it."""
    return float(item[name]["N"]) if name in item else None


def text(item: Mapping[str, Any], name: str) -> str:
    """A text attribute; empty if the item does not have it."""
    return str(item.get(name, {}).get("S", ""))


def key_of(hour: Hour, prefix: str = HOUR_PREFIX) -> str:
    """The id of an hour's item."""
    return f"{prefix}{hour}"


def hour_of(item: Mapping[str, Any]) -> Hour:
    """The hour an item is about."""
    return Hour.parse(text(item, ID).partition("#")[2])


def record_of(item: Mapping[str, Any]) -> Record:
    """The entry an item holds."""

    def whole(name: str) -> int:
        return int(number(item, name) or 0)

    def time_s(name: str) -> float:
        return number(item, name) or 0.0

    published = Published(
        text(item, "run"), time_s("started_at"), time_s("published_at"), whole("rows"), whole("bytes")
    )
    replaced = item.get("replaced", {}).get("M", {})
    return Record(
        hour=hour_of(item),
        due_at_s=number(item, "due_at"),
        settled_at_s=number(item, "settled_at"),
        final_at_s=number(item, "final_at"),
        outcome=Outcome(text(item, "outcome")) if "outcome" in item else None,
        error=text(item, "error"),
        failures=whole("failures"),
        attempts=whole("attempts"),
        claimed_by=text(item, "claimed_by"),
        claimed_at_s=time_s("claimed_at"),
        claimed_until_s=time_s("claimed_until"),
        published=published if "run" in item else None,
        replaced={name: float(value["N"]) for name, value in replaced.items()},
    )
