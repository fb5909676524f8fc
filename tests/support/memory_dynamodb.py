"""A DynamoDB in memory, far faster than moto's: items, their updates and conditions, queries, transactions.

It takes what the adapters and the state machines say and refuses everything else. The tests of the adapters run over
moto and over this one alike, and a property holds the two against each other.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from botocore.exceptions import ClientError

from handlers.vocabulary import DUE_INDEX, DUE_KEY, EXPORT_HOURS_KEY

Item = dict[str, Any]
Key = tuple[str, ...]
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")
_COMMA = re.compile(r",\s*(?![^(]*\))")
_WORDS = {"=": "==", "AND": "and", "OR": "or", "NOT": "not"}
_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "if_not_exists"}
_NAME = r"#?\w+(?:\.#?\w+)*"
_TOKEN = re.compile(rf"\s*({_NAME}|:\w+|<=|>=|<>|[=<>(),])")
_USED = re.compile(r"[#:]\w+")


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
    """A client that knows one table: its hash key and, if it has one, its range key; its indexes likewise, by name.

    `items` holds what is there, by the values of the key.
    """

    def __init__(
        self, table: str, key: Key = EXPORT_HOURS_KEY, indexes: Mapping[str, Key] | None = None
    ) -> None:
        self._table = table
        self._key = key
        self._indexes = {DUE_INDEX: DUE_KEY} if indexes is None else indexes
        self.items: dict[Key, Item] = {}
        self._hashes: dict[str, dict[Key, Item]] = {}
        self._lock = threading.RLock()

    def restore(self, items: Mapping[Key, Item]) -> None:
        """Hold these items, as they were at some other time."""
        self.items, self._hashes = {}, {}
        for key, item in items.items():
            self._keep(key, item)

    def get_item(self, **call: Any) -> Item:
        """An item."""
        assert (call["TableName"], call["ConsistentRead"]) == (self._table, True)
        found = self.items.get(self._key_of(call["Key"]))
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, **call: Any) -> Item:
        """Items, at most a hundred of them."""
        ((table, wanted),) = call["RequestItems"].items()
        assert table == self._table
        keys = [self._key_of(key) for key in wanted["Keys"]]
        assert len(keys) == len(set(keys)) <= 100
        return {"Responses": {table: [dict(self.items[key]) for key in keys if key in self.items]}}

    def batch_write_item(self, **call: Any) -> Item:
        """Puts, at most twenty-five of them."""
        ((table, writes),) = call["RequestItems"].items()
        assert table == self._table
        items = [write["PutRequest"]["Item"] for write in writes]
        keys = [self._key_of(item) for item in items]
        assert len(keys) == len(set(keys)) <= 25
        with self._lock:
            self.items.update(zip(keys, map(dict, items), strict=True))
        return {"UnprocessedItems": {}}

    def scan(self, **call: Any) -> Item:
        """Every item."""
        assert call.items() <= {"TableName": self._table, "ConsistentRead": True}.items()
        return {"Items": [dict(item) for item in self.items.values()]}

    def query(self, **call: Any) -> Item:
        """The items, or of an index their keys, under a key condition, in the order of the range key."""
        assert call["TableName"] == self._table
        key = self._indexes[call["IndexName"]] if "IndexName" in call else self._key
        names, values = call["ExpressionAttributeNames"], call["ExpressionAttributeValues"]
        holds = _compiled(call["KeyConditionExpression"])
        with self._lock:
            candidates = self._candidates(key, call["KeyConditionExpression"], names, values)
            found = [
                item
                for item in candidates
                if all(name in item for name in key) and holds(item, names, values)
            ]
        found.sort(key=lambda item: [_decoded(item[name]) for name in key[1:]])
        wanted = {*self._key, *key} if "IndexName" in call else None
        if "ProjectionExpression" in call:
            wanted = set(re.split(r",\s*", call["ProjectionExpression"]))
        return {
            "Items": [
                {name: value for name, value in item.items() if wanted is None or name in wanted}
                for item in found[: call.get("Limit")]
            ]
        }

    def put_item(self, **call: Any) -> Item:
        """Nothing; the item is there, in the place of another with its key."""
        assert call["TableName"] == self._table
        with self._lock:
            self._check(self.items.get(self._key_of(call["Item"]), {}), call, "PutItem")
            self._keep(self._key_of(call["Item"]), dict(call["Item"]))
        return {}

    def delete_item(self, **call: Any) -> Item:
        """Nothing; the item is gone."""
        assert call["TableName"] == self._table
        key = self._key_of(call["Key"])
        with self._lock:
            self._check(self.items.get(key, {}), call, "DeleteItem")
            if self.items.pop(key, None) is not None:
                del self._hashes[key[0]][key]
        return {}

    def transact_write_items(self, **call: Any) -> Item:
        """Nothing; all items are there, or none if a condition does not hold. Only puts."""
        assert all(set(item) == {"Put"} for item in call["TransactItems"])
        puts = [item["Put"] for item in call["TransactItems"]]
        with self._lock:
            reasons = [{"Code": "None" if self._may_put(put) else "ConditionalCheckFailed"} for put in puts]
            if any(reason["Code"] != "None" for reason in reasons):
                error: Any = {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": reasons,
                }
                raise ClientError(error, "TransactWriteItems")
            for put in puts:
                self.put_item(**put)
        return {}

    def _may_put(self, put: Item) -> bool:
        try:
            self._check(self.items.get(self._key_of(put["Item"]), {}), put, "PutItem")
        except ClientError:
            return False
        return True

    def update_item(self, **call: Any) -> Item:
        """The item with the update made; an error with the item as it stands if the condition does not hold."""
        assert call["TableName"] == self._table
        key, update = self._key_of(call["Key"]), call["UpdateExpression"]
        names, values = (
            call.get("ExpressionAttributeNames", {}),
            call.get("ExpressionAttributeValues", {}),
        )
        used = set(_USED.findall(f"{update} {call.get('ConditionExpression')}"))
        assert used == {*names, *values}, "DynamoDB refuses names and values that no expression uses"
        with self._lock:
            old = self.items.get(key, {})
            self._check(old, call, "UpdateItem")
            new = {**call["Key"], **old}
            for clause, change in _changes(update, tuple(sorted(names.items()))):
                _change(clause, change, old, new, names, values)
            self._keep(key, new)
            return {"Attributes": dict(new)}

    def _key_of(self, attributes: Item) -> Key:
        return tuple(attributes[name]["S"] for name in self._key)

    def _candidates(
        self, key: Key, condition: str, names: Mapping[str, str], values: Mapping[str, Item]
    ) -> Sequence[Item]:
        """Items that may be meant: under a hash key of the table only its own."""
        if key is self._key:
            name, value = re.findall(r"(#?\w+) = (:\w+)", condition)[0]
            assert names.get(name, name) == key[0]
            return list(self._hashes.get(values[value]["S"], {}).values())
        return list(self.items.values())

    def _keep(self, key: Key, item: Item) -> None:
        self.items[key] = item
        self._hashes.setdefault(key[0], {})[key] = item

    def _check(self, old: Item, call: Item, operation: str) -> None:
        condition = call.get("ConditionExpression")
        names, values = (
            call.get("ExpressionAttributeNames", {}),
            call.get("ExpressionAttributeValues", {}),
        )
        if condition and not _compiled(condition)(old, names, values):
            wanted = call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            error: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
            raise ClientError(error | ({"Item": dict(old)} if old and wanted else {}), operation)


class MemoryTables:
    """A client that knows several tables."""

    def __init__(self, tables: Mapping[str, MemoryDynamoDB]) -> None:
        self.tables = tables

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            if operation in {"batch_get_item", "batch_write_item"}:
                table = next(iter(arguments["RequestItems"]))
            elif operation == "transact_write_items":
                table = next(iter(arguments["TransactItems"]))["Put"]["TableName"]
            else:
                table = arguments["TableName"]
            return getattr(self.tables[table], operation)(**arguments)

        return call


@cache
def _changes(update: str, names: tuple[tuple[str, str], ...]) -> Sequence[tuple[str, str]]:
    """The single changes of an update, each with its clause; DynamoDB refuses two of them where one is in the other."""
    _, *parts = _CLAUSE.split(update)
    found = [
        (clause, change)
        for clause, body in zip(parts[::2], parts[1::2], strict=True)
        for change in _COMMA.split(body.strip())
    ]
    paths = sorted(
        [dict(names).get(step, step) for step in re.split(r"[ =]", change)[0].split(".")]
        for _, change in found
    )
    assert not any(two[: len(one)] == one for one, two in pairwise(paths)), "document paths that overlap"
    return found


def _change(
    clause: str, change: str, old: Item, new: Item, names: Mapping[str, str], values: Mapping[str, Item]
) -> None:
    """Makes one change of a clause; every value is that of the item before the update."""
    if clause == "SET":
        path, _, value = change.partition(" = ")
        _parent(new, path, names)[_leaf(path, names)] = _value(value, old, names, values)
    elif clause == "REMOVE":
        _parent(new, change, names).pop(_leaf(change, names), None)
    else:
        name, value = change.split()
        before = _decoded(old[names[name]]) if names[name] in old else Decimal(0)
        new[names[name]] = _encoded(before + _decoded(values[value]))


def _value(value: str, old: Item, names: Mapping[str, str], values: Mapping[str, Item]) -> Item:
    """The value that an update sets: that of the call as it is, or one that is reckoned."""
    return values[value] if value in values else _encoded(_compiled(value)(old, names, values))


def _leaf(path: str, names: Mapping[str, str]) -> str:
    last = path.rpartition(".")[2]
    return names.get(last, last)


def _parent(item: Item, path: str, names: Mapping[str, str]) -> Item:
    """The map that holds what a path names; the maps on the way are copied, as readers may hold the old ones."""
    *maps, _ = path.split(".")
    for step in maps:
        name = names.get(step, step)
        if "M" not in item.get(name, {}):
            error: Any = {
                "Error": {"Code": "ValidationException", "Message": f"{path} is no path in the item"}
            }
            raise ClientError(error, "UpdateItem")
        item[name] = {"M": dict(item[name]["M"])}
        item = item[name]["M"]
    return item


@cache
def _compiled(expression: str) -> Callable[[Item, Mapping[str, str], Mapping[str, Item]], Any]:
    """A condition or a value as a function of the item, the names and the values."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression), expression
    source = []
    for token in tokens:
        if token[0] == ":":
            source.append(f"value({token!r})")
        elif token in _WORDS or token in _FUNCTIONS or token in {"(", ")", ",", "<", ">", "<=", ">="}:
            source.append(_WORDS.get(token, token))
        else:
            assert re.fullmatch(_NAME, token), token
            source.append(f"of({token!r})")
    code = compile(" ".join(source), expression, "eval")

    def run(item: Item, names: Mapping[str, str], values: Mapping[str, Item]) -> Any:
        scope = {
            **_KNOWN,
            "of": lambda path: _at(item, path, names),
            "value": lambda name: _decoded(values[name]),
        }
        return eval(code, {"__builtins__": {}}, scope)  # noqa: S307 -- of the words above only

    return run


def _at(item: Item, path: str, names: Mapping[str, str]) -> Any:
    """The value at a path of an item."""
    *maps, last = (names.get(step, step) for step in path.split("."))
    for name in maps:
        item = item.get(name, {}).get("M", {})
    return _decoded(item[last]) if last in item else _ABSENT


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
    return {"B": value} if isinstance(value, bytes) else {"S": value}
