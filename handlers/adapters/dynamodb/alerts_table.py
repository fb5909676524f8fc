"""The alerts table: one item for each group that is or was unhealthy, with the notifications on their way.

`alert` holds the alert itself, compressed, because every write is billed by the whole item. `version` guards it.
`outbox` is a map that the state machine claims and confirms in, without touching the version. `open` stands on items
that an evaluation must look at; an index over it finds them without reading the healthy ones.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, code_of, translate
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.errors import TransientError
from handlers.vocabulary import ALERTS_KEY, EXPIRES_AT, OPEN_INDEX, OPEN_KEY

# Spreads the index over partitions, so that thousands of alerts may begin in one minute.
BUCKETS = 8
# How long an alert that is over can still be explained.
KEPT_SECONDS = 30 * 86_400
READERS = 8
WRITERS = 16
# An item holds 400 KB; the rest is for the alert itself, and for the last notifications of a rule that goes.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
OUTBOX_BYTES = 200_000

_RULE_KEY, _GROUP_KEY = ALERTS_KEY
_OPEN = OPEN_KEY[0]
_BATCH_KEYS = 100
_ROUNDS = 5


class AlertsTable(Alerts):
    """Alerts, read by their keys and written when they are still what was read."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy, or of which something is still to be sent, in the order of their keys."""
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(self._open_keys, range(BUCKETS))
            return sorted(key for keys in found for key in keys)

    def of_rule(self, rule_key: str) -> list[AlertKey]:
        """All alerts of a rule, healthy ones too."""
        return self._keys(
            KeyConditionExpression=f"{_RULE_KEY} = :rule",
            ExpressionAttributeValues={":rule": {"S": rule_key}},
            ProjectionExpression=", ".join(ALERTS_KEY),
            ConsistentRead=True,
        )

    def load(self, keys: Sequence[AlertKey]) -> list[StoredAlert]:
        """The items of these alerts, those that exist."""
        parts = [keys[begin : begin + _BATCH_KEYS] for begin in range(0, len(keys), _BATCH_KEYS)]
        with ThreadPoolExecutor(READERS) as readers:
            return [stored for items in readers.map(self._load, parts) for stored in items]

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert with its notifications, unless its item is not the known one any more."""
        try:
            self._dynamodb.update_item(TableName=self._table, **_update(update, known, int(now_s)))
        except AWS_ERRORS as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translate(error) from error
        return True

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes many alerts, several at a time: in a bad minute there are thousands. Which of them were written."""
        with ThreadPoolExecutor(WRITERS) as writers:
            return list(writers.map(lambda pair: self.save(pair[0], pair[1], now_s), updates))

    def _open_keys(self, bucket: int) -> list[AlertKey]:
        return self._keys(
            IndexName=OPEN_INDEX,
            KeyConditionExpression="#open = :bucket",
            ExpressionAttributeNames={"#open": _OPEN},
            ExpressionAttributeValues={":bucket": {"S": str(bucket)}},
        )

    def _keys(self, **arguments: Any) -> list[AlertKey]:
        pages = self._dynamodb.get_paginator("query").paginate(TableName=self._table, **arguments)
        try:
            return [
                AlertKey(item[_RULE_KEY]["S"], item[_GROUP_KEY]["S"])
                for page in pages
                for item in page["Items"]
            ]
        except AWS_ERRORS as error:
            raise translate(error) from error

    def _load(self, keys: Sequence[AlertKey]) -> list[StoredAlert]:
        wanted = [_key(key) for key in keys]
        found = []
        for _ in range(_ROUNDS):
            request = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            try:
                answer = self._dynamodb.batch_get_item(RequestItems=request)
            except AWS_ERRORS as error:
                raise translate(error) from error
            found += [_stored(item) for item in answer["Responses"].get(self._table, [])]
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not wanted:
                return found
        # Going on without them would evaluate an open alert as if there were none.
        raise TransientError(f"{len(wanted)} alerts could not be read")


def _update(update: AlertUpdate, known: StoredAlert | None, now_s: int) -> dict[str, Any]:
    alert = update.alert
    key = AlertKey.of(alert)
    new = {message.dedupe_id: Entry(message) for message in update.notifications}
    unconfirmed = [] if known is None else known.unconfirmed
    is_open = not alert.is_quiet or bool(new) or bool(unconfirmed)
    sets = ["alert = :alert", "#state = :state", "version = :next"]
    removes = [EXPIRES_AT if is_open else "#open"]
    names = {"#state": "state", "#open": _OPEN}
    values: dict[str, Any] = {
        ":alert": {"B": zlib.compress(json.dumps(alert.document()).encode(), 6)},
        ":state": {"S": str(alert.state)},
        ":next": {"N": str(1 if known is None else known.version + 1)},
    }
    if is_open:
        sets.append("#open = :open")
        values[":open"] = {"S": str(zlib.crc32("/".join(key).encode()) % BUCKETS)}
    else:
        sets.append(f"{EXPIRES_AT} = :expiry")
        values[":expiry"] = {"N": str(now_s + KEPT_SECONDS)}
    if known is None:
        condition = "attribute_not_exists(version)"
        sets.append("outbox = :outbox")
        values[":outbox"] = {"M": {entry_id: _entry_item(entry) for entry_id, entry in new.items()}}
    else:
        condition = "version = :version"
        values[":version"] = {"N": str(known.version)}
        _change_outbox(known, new, (sets, removes), names, values)
    return {
        "Key": _key(key),
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _change_outbox(
    known: StoredAlert,
    new: Mapping[str, Entry],
    clauses: tuple[list[str], list[str]],
    names: dict[str, str],
    values: dict[str, Any],
) -> None:
    """Entries are added and removed one by one: others may be claimed or confirmed at this moment."""
    sets, removes = clauses
    for number, (entry_id, entry) in enumerate(new.items()):
        names[f"#n{number}"] = entry_id
        values[f":n{number}"] = _entry_item(entry)
        sets.append(f"outbox.#n{number} = :n{number}")
    done = [
        entry_id for entry_id, entry in known.outbox.items() if entry.confirmed_at_s and entry_id not in new
    ]
    for number, entry_id in enumerate(done):
        names[f"#d{number}"] = entry_id
        removes.append(f"outbox.#d{number}")


def _entry_item(entry: Entry) -> dict[str, Any]:
    message = entry.notification
    return {
        "M": {
            "subject": {"S": message.subject},
            "message": {"S": message.message},
            "attributes": {"S": json.dumps(message.attributes)},
            "claimed_at": {"N": str(entry.claimed_at_s)},
            "confirmed_at": {"N": str(entry.confirmed_at_s)},
        }
    }


def _stored(item: Mapping[str, Any]) -> StoredAlert:
    key = AlertKey(item[_RULE_KEY]["S"], item[_GROUP_KEY]["S"])
    document = json.loads(zlib.decompress(bytes(item["alert"]["B"])))
    outbox = {entry_id: _entry(entry_id, entry["M"]) for entry_id, entry in item["outbox"]["M"].items()}
    unsent = [entry.notification.message for entry in outbox.values() if not entry.confirmed_at_s]
    return StoredAlert(
        key=key,
        alert=Alert.read(key.rule_key, document),
        version=int(item["version"]["N"]),
        outbox=outbox,
        is_full=sum(len(message.encode()) for message in unsent) > OUTBOX_BYTES,
    )


def _entry(entry_id: str, item: Mapping[str, Any]) -> Entry:
    attributes = json.loads(item["attributes"]["S"])
    message = Notification(entry_id, item["subject"]["S"], item["message"]["S"], attributes)
    return Entry(message, int(item["claimed_at"]["N"]), int(item["confirmed_at"]["N"]))


def _key(key: AlertKey) -> dict[str, Any]:
    return {_RULE_KEY: {"S": key.rule_key}, _GROUP_KEY: {"S": key.group_key}}
