"""Hands notifications to the state machine in pages that its payload can hold."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Any

from handlers.domain.alerts.notifications.outbox import Entry, due, stale_before
from handlers.domain.alerts.ports import AlertKey, Stored

# A state's input may hold 256 KiB, and what exceeds it cannot be caught; ours stay under 100 KiB.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PAGE_BYTES = 60_000
PAGE_ENTRIES = 40
_LOADED_AT_ONCE = 100


@dataclass(slots=True)
class Page:
    """Notifications that are nobody's yet, and where the next page begins."""

    notifications: list[dict[str, Any]] = field(default_factory=list)
    after: str = ""
    more: bool = False

    def document(self) -> dict[str, Any]:
        """The page as the state machine reads it."""
        return {
            "notifications": self.notifications,
            "count": len(self.notifications),
            "after": self.after,
            "more": self.more,
        }


def hand_out(
    keys: Sequence[AlertKey], load: Callable[[Sequence[AlertKey]], list[Stored]], after: str, now: int
) -> Page:
    """The first page of what is due behind `after`, in the order of keys; at least one notification if any is due."""
    begin = tuple(json.loads(after)) if after else ("", "")
    waiting = iter(sorted(key for key in keys if tuple(key) > begin))
    page, size = Page(after=after), 0
    while some := list(islice(waiting, _LOADED_AT_ONCE)):
        found = {stored.key: stored for stored in load(some)}
        for key in some:
            entries = [
                _document(key, entry, now)
                for entry in due(found[key].outbox.values() if key in found else (), now)
            ]
            full = (
                size + _weight(entries) > PAGE_BYTES or len(page.notifications) + len(entries) > PAGE_ENTRIES
            )
            if entries and page.notifications and full:
                page.more = True
                return page
            # One alert alone may have more than a page: what is left stays in its outbox for the next evaluation.
            taken = _within_page(entries)
            page.notifications += taken
            page.after = json.dumps(key)
            size += _weight(taken)
    return page


def _weight(entries: Iterable[Mapping[str, Any]]) -> int:
    return sum(len(json.dumps(entry).encode()) for entry in entries)


def _within_page(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    sizes = accumulate(_weight([entry]) for entry in entries[:PAGE_ENTRIES])
    fitting = sum(size <= PAGE_BYTES for size in sizes)
    return list(entries[: max(1, fitting)])


def _document(key: AlertKey, entry: Entry, now: int) -> dict[str, Any]:
    """One notification, with all that claiming, publishing and confirming it takes; numbers as DynamoDB wants them."""
    message = entry.notification
    return {
        "rule_key": key.rule_key,
        "group_key": key.group_key,
        "entry": entry.entry_id,
        "subject": message.subject,
        "message": message.message,
        "attributes": {name: dict(value) for name, value in message.attributes.items()},
        "claimed_at": str(now),
        "stale_before": str(stale_before(now)),
    }
