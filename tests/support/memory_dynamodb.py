"""A DynamoDB in memory, far faster than moto's: single items, their updates and conditions, an index by due time.

It takes what the adapters of the export hours table say and refuses everything else. Their tests run over moto and over
this one alike, and a property holds the two against each other.
"""

import re
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from handlers.vocabulary import DUE_INDEX

Item = dict[str, Any]
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")
_COMMA = re.compile(r",\s*(?![^(]*\))")
_WORDS = {"=": "==", "AND": "and", "OR": "or"}
_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "if_not_exists"}
_TOKEN = re.compile(r"\s*(#\w+|:\w+|<=|>=|\w+|[=<>(),])")


class _Absent:
    """An attribute that an item does not have: no comparison with it holds."""

    def _never(self, _: object) -> bool:
        return False

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = _never
    __hash__ = None  # type: ignore[assignment]


_ABSENT = _Absent()
_KNOWN = {
    "attribute_exists": lambda value: value is not _ABSENT,
    "attribute_not_exists": lambda value: value is _ABSENT,
    "if_not_exists": lambda value, other: other if value is _ABSENT else value,
}


class MemoryDynamoDB:
    """One table with the key `id`, and an index by `work` and `due_at` that has the items with both."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._items: dict[str, Item] = {}
        self._lock = threading.Lock()

    def get_item(self, **call: Any) -> Item:
        """An item."""
        assert (call["TableName"], call["ConsistentRead"]) == (self._table, True)
        found = self._items.get(call["Key"]["id"]["S"])
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, **call: Any) -> Item:
        """Items, at most a hundred of them."""
        ((table, wanted),) = call["RequestItems"].items()
        assert (table, wanted["ConsistentRead"]) == (self._table, True)
        keys = [key["id"]["S"] for key in wanted["Keys"]]
        assert len(keys) == len(set(keys)) <= 100
        return {"Responses": {table: [dict(self._items[key]) for key in keys if key in self._items]}}

    def query(self, **call: Any) -> Item:
        """The keys of the items that the index has under the condition, by their due time."""
        assert (call["TableName"], call["IndexName"]) == (self._table, DUE_INDEX)
        holds = _compiled(call["KeyConditionExpression"])
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        with self._lock:
            found = [
                {name: item[name] for name in ("id", "work", "due_at")}
                for item in self._items.values()
                if "work" in item and "due_at" in item and holds(item, names, values)
            ]
        return {"Items": sorted(found, key=lambda item: Decimal(item["due_at"]["N"]))[: call["Limit"]]}

    def update_item(self, **call: Any) -> Item:
        """The item with the update made; an error with the item as it stands if the condition does not hold."""
        assert (call["TableName"], call["ReturnValues"]) == (self._table, "ALL_NEW")
        key, update, condition = (
            call["Key"]["id"]["S"],
            call["UpdateExpression"],
            call.get("ConditionExpression"),
        )
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        used = set(re.findall(r"[#:]\w+", f"{update} {condition}"))
        assert used == {*names, *values}, "DynamoDB refuses names and values that no expression uses"
        with self._lock:
            old = self._items.get(key, {})
            if condition and not _compiled(condition)(old, names, values):
                wanted = call["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
                error: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
                raise ClientError(error | ({"Item": dict(old)} if old and wanted else {}), "UpdateItem")
            new = {"id": {"S": key}, **old}
            _, *parts = _CLAUSE.split(update)
            for clause, body in zip(parts[::2], parts[1::2], strict=True):
                for change in _COMMA.split(body.strip()):
                    _change(clause, change, old, new, names, values)
            self._items[key] = new
            return {"Attributes": dict(new)}


def _change(
    clause: str, change: str, old: Item, new: Item, names: Mapping[str, str], values: Mapping[str, Item]
) -> None:
    """Makes one change of a clause; every value is that of the item before the update."""
    if clause == "SET":
        name, _, value = change.partition(" = ")
        new[names[name]] = _encoded(_compiled(value)(old, names, values))
    elif clause == "REMOVE":
        new.pop(names[change], None)
    else:
        name, value = change.split()
        before = _decoded(old[names[name]]) if names[name] in old else Decimal(0)
        new[names[name]] = _encoded(before + _decoded(values[value]))


@cache
def _compiled(expression: str) -> Callable[[Item, Mapping[str, str], Mapping[str, Item]], Any]:
    """A condition or a value as a function of the item, the names and the values."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression), expression
    source = []
    for token in tokens:
        if token[0] in "#:":
            source.append(f"{'of' if token[0] == '#' else 'value'}({token!r})")
        else:
            assert token in _WORDS or token in _FUNCTIONS or token in {"(", ")", ",", "<", ">", "<=", ">="}, (
                token
            )
            source.append(_WORDS.get(token, token))
    code = compile(" ".join(source), expression, "eval")

    def run(item: Item, names: Mapping[str, str], values: Mapping[str, Item]) -> Any:
        scope = {
            **_KNOWN,
            "of": lambda name: _decoded(item[names[name]]) if names[name] in item else _ABSENT,
            "value": lambda name: _decoded(values[name]),
        }
        return eval(code, {"__builtins__": {}}, scope)  # noqa: S307 -- of the words above only

    return run


def _decoded(value: Item) -> Any:
    ((kind, raw),) = value.items()
    if kind == "N":
        return Decimal(raw)
    return {name: _decoded(member) for name, member in raw.items()} if kind == "M" else raw


def _encoded(value: Any) -> Item:
    if isinstance(value, Decimal):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: _encoded(member) for name, member in value.items()}}
    return {"S": value}
