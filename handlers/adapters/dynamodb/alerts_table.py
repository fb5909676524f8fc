"""The alerts table: one item for each group that is or was unhealthy, with the notifications on their way.

`alert` holds the alert itself, compressed, because every write is billed by the whole item. `version` guards it.
`outbox` is a map with the notification on its way, which the state machine claims, confirms and gives back without
touching the version; `waiting` is one that goes there next. `open` stands on items that an evaluation must look at; an
index over it finds them without reading the healthy ones.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from handlers.adapters.dynamodb.table import Table, Value, number, text
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry, Outbox
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.state.alert import Alert
from handlers.vocabulary import ALERTS_KEY, EXPIRES_AT, OPEN_INDEX, OPEN_KEY

# Spreads the index over partitions, so that thousands of alerts may begin in one minute.
BUCKETS = 8
# How long an alert that is over can still be explained.
KEPT_SECONDS = 30 * 86_400
READERS = 8
WRITERS = 16

_OPEN = OPEN_KEY[0]
_BATCH_KEYS = 100


class AlertsTable(Alerts):
    """Alerts, read by their keys and written when they are still what was read."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = Table(dynamodb, table, ALERTS_KEY)

    def open_keys(self) -> list[AlertKey]:
        """The alerts that are not healthy, or of which something is still to be sent, in the order of their keys."""
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(self._open_keys, range(BUCKETS))
            return sorted(key for keys in found for key in keys)

    def of_rule(self, rule_key: str) -> list[AlertKey]:
        """All alerts of a rule, healthy ones too."""
        keys = ", ".join(ALERTS_KEY)
        condition = f"#{ALERTS_KEY[0]} = :rule"
        items = self._table.query(
            condition, {"rule": rule_key}, ProjectionExpression=keys, ConsistentRead=True
        )
        return list(map(_key, items))

    def load(self, keys: Sequence[AlertKey]) -> list[StoredAlert]:
        """The items of these alerts, those that exist."""
        parts = [keys[begin : begin + _BATCH_KEYS] for begin in range(0, len(keys), _BATCH_KEYS)]
        with ThreadPoolExecutor(READERS) as readers:
            found = readers.map(lambda part: self._table.get_all(part, "alerts"), parts)
            return [_stored(item) for items in found for item in items]

    def save(self, update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        """Writes an alert with its outbox, unless its item is not the known one any more."""
        change = _change(update, known, now_s)
        condition = " AND ".join(change.conditions)
        return self._table.update(
            AlertKey.of(update.alert), change.expression, change.values, condition=condition
        )[0]

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes many alerts, several at a time: in a bad minute there are thousands. Which of them were written."""
        with ThreadPoolExecutor(WRITERS) as writers:
            return list(writers.map(lambda pair: self.save(pair[0], pair[1], now_s), updates))

    def _open_keys(self, bucket: int) -> list[AlertKey]:
        items = self._table.query(f"#{_OPEN} = :bucket", {"bucket": str(bucket)}, IndexName=OPEN_INDEX)
        return list(map(_key, items))


@dataclass
class _Change:
    """A change of an item: what it sets and removes, what must hold, and the values of both."""

    sets: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)

    def set(self, name: str, value: Value, path: str = "") -> None:
        """Set an attribute, or what is under the path."""
        self.sets.append(f"{path or f'#{name}'} = :{name}")
        self.values[name] = value

    def require(self, name: str, value: Value, path: str) -> None:
        """Require that what is under the path has this value."""
        self.conditions.append(f"{path} = :{name}")
        self.values[name] = value

    @property
    def expression(self) -> str:
        """The update expression."""
        return f"SET {', '.join(self.sets)} REMOVE {', '.join(self.removes)}"


def _change(update: AlertUpdate, known: StoredAlert | None, now_s: float) -> _Change:
    alert, change = update.alert, _Change()
    before = Outbox() if known is None else known.outbox
    after = update.outbox(known, now_s)
    change.set("alert", zlib.compress(json.dumps(alert.document()).encode(), 6))
    change.set("state", str(alert.state))
    change.set("version", 1 if known is None else known.version + 1)
    if not alert.is_settled or not after.is_empty:
        change.set(_OPEN, str(zlib.crc32("/".join(AlertKey.of(alert)).encode()) % BUCKETS))
        change.removes.append(f"#{EXPIRES_AT}")
    else:
        change.set(EXPIRES_AT, int(now_s) + KEPT_SECONDS)
        change.removes.append(f"#{_OPEN}")
    if after.waiting is not None:
        change.set("waiting", _message_item(after.waiting))
    elif before.waiting is not None:
        change.removes.append("#waiting")
    if known is None:
        change.conditions.append("attribute_not_exists(#version)")
        change.set("outbox", {entry.entry_id: _entry_item(entry) for entry in after.entries})
    else:
        change.require("known", known.version, "#version")
        _replace_entries(change, before.entries, after.entries)
    return change


def _replace_entries(change: _Change, before: Sequence[Entry], after: Sequence[Entry]) -> None:
    """Changes the outbox entry by entry: the state machine may be at work in it."""
    for entry in before:
        path = f"#outbox.#{entry.entry_id}"
        if entry in after:
            continue
        if entry.entry_id not in {other.entry_id for other in after}:
            change.removes.append(path)
        # If it was claimed since it was read, it is on its way.
        for name, value in {} if entry.confirmed_at_s else _claims(entry).items():
            change.require(f"{name}_{entry.entry_id}", value, f"{path}.#{name}")
    for entry in after:
        if entry not in before:
            change.set(entry.entry_id, _entry_item(entry), f"#outbox.#{entry.entry_id}")


def _entry_item(entry: Entry) -> dict[str, Value]:
    return {**_message_item(entry.notification), **_claims(entry)}


def _claims(entry: Entry) -> dict[str, int]:
    return {"claimed_at": entry.claimed_at_s, "confirmed_at": entry.confirmed_at_s}


def _message_item(message: Notification) -> dict[str, Value]:
    return {
        "subject": message.subject,
        "message": message.message,
        "attributes": json.dumps(message.attributes),
    }


def _stored(item: Mapping[str, Any]) -> StoredAlert:
    key = _key(item)
    document = json.loads(zlib.decompress(bytes(item["alert"]["B"])))
    entries = tuple(_entry(entry["M"]) for entry in item["outbox"]["M"].values())
    waiting = _message(item["waiting"]["M"]) if "waiting" in item else None
    return StoredAlert(
        key=key,
        alert=Alert.read(key.rule_key, document),
        version=int(item["version"]["N"]),
        outbox=Outbox(entries, waiting),
    )


def _entry(item: Mapping[str, Any]) -> Entry:
    claimed_at_s, confirmed_at_s = (int(number(item, name) or 0) for name in ("claimed_at", "confirmed_at"))
    return Entry(_message(item), claimed_at_s, confirmed_at_s)


def _message(item: Mapping[str, Any]) -> Notification:
    return Notification(
        text(item, "subject"), json.loads(text(item, "message")), json.loads(text(item, "attributes"))
    )


def _key(item: Mapping[str, Any]) -> AlertKey:
    return AlertKey(*(text(item, name) for name in ALERTS_KEY))
