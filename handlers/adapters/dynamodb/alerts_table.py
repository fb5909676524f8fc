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

from handlers.adapters.dynamodb.table import Table, Value, number, text
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, AlertUpdate, StoredAlert
from handlers.domain.alerts.state.alert import Alert
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
        """Writes an alert with its notifications, unless its item is not the known one any more."""
        change, condition, values = _change(update, known, int(now_s))
        return self._table.update(AlertKey.of(update.alert), change, values, condition=condition)[0]

    def save_all(self, updates: Sequence[tuple[AlertUpdate, StoredAlert | None]], now_s: float) -> list[bool]:
        """Writes many alerts, several at a time: in a bad minute there are thousands. Which of them were written."""
        with ThreadPoolExecutor(WRITERS) as writers:
            return list(writers.map(lambda pair: self.save(pair[0], pair[1], now_s), updates))

    def _open_keys(self, bucket: int) -> list[AlertKey]:
        items = self._table.query(f"#{_OPEN} = :bucket", {"bucket": str(bucket)}, IndexName=OPEN_INDEX)
        return list(map(_key, items))


def _change(
    update: AlertUpdate, known: StoredAlert | None, now_s: int
) -> tuple[str, str, Mapping[str, Value]]:
    """The change of an item, its condition, and their values.

    Entries are added and removed one by one: others may be claimed or confirmed at this moment.
    """
    alert = update.alert
    new = {message.dedupe_id: _entry_item(message) for message in update.notifications}
    values: dict[str, Value] = {
        "alert": zlib.compress(json.dumps(alert.document()).encode(), 6),
        "state": str(alert.state),
        "version": 1 if known is None else known.version + 1,
    }
    removes = [f"#{EXPIRES_AT}"]
    if not alert.is_quiet or new or (known is not None and known.unconfirmed):
        values[_OPEN] = str(zlib.crc32("/".join(AlertKey.of(alert)).encode()) % BUCKETS)
    else:
        values[EXPIRES_AT], removes = now_s + KEPT_SECONDS, [f"#{_OPEN}"]
    condition = "attribute_not_exists(#version)"
    if known is None:
        values["outbox"] = new
    sets = [f"#{name} = :{name}" for name in values]
    if known is not None:
        condition, values["known"] = "#version = :known", known.version
        sets += [f"#outbox.#{entry_id} = :{entry_id}" for entry_id in new]
        values |= new
        done = {entry_id for entry_id, entry in known.outbox.items() if entry.confirmed_at_s}
        removes += [f"#outbox.#{entry_id}" for entry_id in done - new.keys()]
    return f"SET {', '.join(sets)} REMOVE {', '.join(removes)}", condition, values


def _entry_item(message: Notification) -> Mapping[str, Value]:
    return {
        "subject": message.subject,
        "message": message.message,
        "attributes": json.dumps(message.attributes),
        "claimed_at": 0,
        "confirmed_at": 0,
    }


def _stored(item: Mapping[str, Any]) -> StoredAlert:
    key = _key(item)
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
    attributes = json.loads(text(item, "attributes"))
    message = Notification(entry_id, text(item, "subject"), text(item, "message"), attributes)
    return Entry(message, int(number(item, "claimed_at") or 0), int(number(item, "confirmed_at") or 0))


def _key(item: Mapping[str, Any]) -> AlertKey:
    return AlertKey(*(text(item, name) for name in ALERTS_KEY))
