"""Pending notifications: what the outboxes hold to be published, in pages that the state machine's payload can hold."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from handlers.domain.alerts.notifications.email_text import email_text
from handlers.domain.alerts.notifications.outbox import stale_before
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.state.message_cap import HELD_BY
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
            pending = _pending(found[key], now_s) if key in found else None
            if pending is not None:
                weight = len(json.dumps(pending).encode())
                is_full = size + weight > limits.bytes or len(notifications) == limits.notifications
                if notifications and is_full:
                    return _page(notifications, after, more=True)
                notifications.append(pending)
                size += weight
            after = json.dumps(key)
    return _page(notifications, after, more=False)


def _page(notifications: list[PendingNotification], after: str, *, more: bool) -> Page:
    return {"notifications": notifications, "count": len(notifications), "after": after, "more": more}


def _pending(stored: StoredAlert, now_s: float) -> PendingNotification | None:
    muted = stored.alert.muted
    # What a cap holds back was never made; what waits is the end of what was told before.
    if muted is not None and muted.by != HELD_BY:
        return None
    entry = stored.outbox.due(is_firing=stored.alert.state.is_firing, now_s=now_s)
    if entry is None:
        return None
    message = entry.notification
    return {
        "rule_key": stored.key.rule_key,
        "group_key": stored.key.group_key,
        "entry": entry.entry_id,
        "subject": message.subject,
        "message": message.message,
        "email": email_text(message.body),
        "attributes": {name: dict(value) for name, value in message.attributes.items()},
        "claimed_at": str(int(now_s)),
        "stale_before": str(stale_before(now_s)),
    }
