"""Pending notifications: what the outboxes hold to be published, in pages that the state machine's payload can hold."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from handlers.domain.alerts.notifications.outbox import Entry, due_entries, stale_before
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.steps import Page, PendingNotification

_LOADED_AT_ONCE = 100


class PageLimits(NamedTuple):
    """The most bytes and notifications that a page may have."""

    bytes: int
    notifications: int


def next_page(
    keys: Iterable[AlertKey],
    load: Callable[[Sequence[AlertKey]], list[StoredAlert]],
    after: str,
    now_s: float,
    limits: PageLimits,
) -> Page:
    """The first page of what is due behind `after`, in the order of keys; at least one notification if any is due."""
    begin = tuple(json.loads(after)) if after else ("", "")
    waiting = iter(sorted(key for key in keys if tuple(key) > begin))
    notifications: list[PendingNotification] = []
    size = 0
    while some := list(islice(waiting, _LOADED_AT_ONCE)):
        found = {stored.key: stored for stored in load(some)}
        for key in some:
            outbox = found[key].outbox.values() if key in found else ()
            pending = [_pending(key, entry, now_s) for entry in due_entries(outbox, now_s)]
            full = (
                size + _weight(pending) > limits.bytes
                or len(notifications) + len(pending) > limits.notifications
            )
            if pending and notifications and full:
                return _page(notifications, after, more=True)
            # One alert alone may have more than a page: what is left stays in its outbox for the next evaluation.
            taken = _within_limits(pending, limits)
            notifications += taken
            after = json.dumps(key)
            size += _weight(taken)
    return _page(notifications, after, more=False)


def _page(notifications: list[PendingNotification], after: str, *, more: bool) -> Page:
    return {"notifications": notifications, "count": len(notifications), "after": after, "more": more}


def _weight(notifications: Iterable[PendingNotification]) -> int:
    return sum(len(json.dumps(notification).encode()) for notification in notifications)


def _within_limits(pending: Sequence[PendingNotification], limits: PageLimits) -> list[PendingNotification]:
    sizes = accumulate(_weight([notification]) for notification in pending[: limits.notifications])
    fitting = sum(size <= limits.bytes for size in sizes)
    return list(pending[: max(1, fitting)])


def _pending(key: AlertKey, entry: Entry, now_s: float) -> PendingNotification:
    message = entry.notification
    return {
        "rule_key": key.rule_key,
        "group_key": key.group_key,
        "entry": entry.entry_id,
        "subject": message.subject,
        "message": message.message,
        "attributes": {name: dict(value) for name, value in message.attributes.items()},
        "claimed_at": str(int(now_s)),
        "stale_before": str(stale_before(now_s)),
    }
