"""A table of DynamoDB: items under keys of strings, written and read as plain values."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from typing import Any

from handlers.adapters.aws import ThrottledError, aws_errors, code_of, translate, translated
from handlers.domain.errors import TransientError

Value = str | int | float | bytes | Set[str] | Mapping[str, "Value"]
Key = str | tuple[str, ...]
Item = dict[str, Any]

_KEYS_OF_A_READ = 100
PUTS = 25
_ROUNDS = 5
_NAMES = re.compile(r"#(\w+)")


class Table:
    """Reads and conditional updates of single items; a condition that does not hold is an answer, not an error.

    `key` are the names of the attributes that identify an item. In expressions every `#name` stands for the attribute
    of that name, and `:name` for the value of that name; each has at least one of both.
    """

    def __init__(self, dynamodb: Any, name: str, key: tuple[str, ...]) -> None:
        self._dynamodb = dynamodb
        self._name = name
        self._key = key

    @translated()
    def get(self, key: Key) -> Item:
        """The item as it is now; empty if there is none."""
        found: Item = self._dynamodb.get_item(TableName=self._name, Key=self.key(key), ConsistentRead=True)
        return found.get("Item", {})

    @translated()
    def get_all(self, keys: Iterable[Key], things: str = "items", *, consistent: bool = True) -> list[Item]:
        """The items that there are of these; `TransientError` if `things` stay unread for several rounds."""
        found: list[Item] = []
        rest = iter(keys)
        while wanted := [self.key(key) for key in islice(rest, _KEYS_OF_A_READ)]:
            for _ in range(_ROUNDS):
                request = {self._name: {"Keys": wanted, "ConsistentRead": consistent}}
                answer = self._dynamodb.batch_get_item(RequestItems=request)
                found += answer["Responses"].get(self._name, [])
                wanted = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
                if not wanted:
                    break
            else:
                raise TransientError(f"{len(wanted)} {things} could not be read")
        return found

    def query(self, condition: str, values: Mapping[str, Value], **arguments: Any) -> Iterator[Item]:
        """The items under a key condition, page by page."""
        arguments |= {"KeyConditionExpression": condition, **_filled(condition, values)}
        return self._pages(self._dynamodb.query, arguments)

    def scan(self, **arguments: Any) -> Iterator[Item]:
        """All items, page by page."""
        return self._pages(self._dynamodb.scan, arguments)

    def update(
        self, key: Key, change: str, values: Mapping[str, Value], *, condition: str | None = None
    ) -> tuple[bool, Item]:
        """True if the change was made, and the item: as it is now, or as it kept the condition from holding."""
        arguments = {"UpdateExpression": change, **_filled(f"{change} {condition}", values)}
        if condition is not None:
            arguments |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            answer = self._dynamodb.update_item(
                TableName=self._name, Key=self.key(key), ReturnValues="ALL_NEW", **arguments
            )
        except aws_errors() as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False, getattr(error, "response", {}).get("Item", {})
            raise translate(error) from error
        return True, answer["Attributes"]

    def put_all(self, keys: Sequence[Key], attributes: Mapping[str, Value]) -> None:
        """Puts an item under each of at most `PUTS` keys, with these attributes and no others.

        `ThrottledError` if the table does not take them all.
        """
        item = {name: written(value) for name, value in attributes.items()}
        puts = [{"PutRequest": {"Item": {**self.key(key), **item}}} for key in keys]
        for _ in range(_ROUNDS):
            with translated():
                left = self._dynamodb.batch_write_item(RequestItems={self._name: puts}).get(
                    "UnprocessedItems"
                )
            if not left:
                return
            puts = left[self._name]
        raise ThrottledError("BatchWriteItem: items were left over")

    def _pages(self, operation: Callable[..., Any], arguments: dict[str, Any]) -> Iterator[Item]:
        more = True
        while more:
            with translated():
                page = operation(TableName=self._name, **arguments)
            yield from page["Items"]
            more = "LastEvaluatedKey" in page
            arguments["ExclusiveStartKey"] = page.get("LastEvaluatedKey")

    def key(self, values: Key) -> Item:
        """The key attributes of an item."""
        texts = (values,) if isinstance(values, str) else values
        return {name: written(text) for name, text in zip(self._key, texts, strict=True)}


def _filled(expressions: str, values: Mapping[str, Value]) -> Item:
    return {
        "ExpressionAttributeNames": {f"#{name}": name for name in _NAMES.findall(expressions)},
        "ExpressionAttributeValues": {f":{name}": written(value) for name, value in values.items()},
    }


def written(value: Value) -> Item:
    """A value as DynamoDB has it; times are kept to the millisecond."""
    match value:
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {name: written(member) for name, member in value.items()}}
        case Set():
            return {"SS": sorted(value)}
        case _:
            return {"N": repr(round(value, 3))}


def number(item: Mapping[str, Any], name: str) -> float | None:
    """A numeric attribute; None if the item does not have it."""
    return float(item[name]["N"]) if name in item else None


def text(item: Mapping[str, Any], name: str) -> str:
    """A text attribute; empty if the item does not have it."""
    return str(item.get(name, {}).get("S", ""))
