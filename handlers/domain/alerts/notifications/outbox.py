"""Claim, publish, confirm: how a transition becomes one message, whatever dies on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers.domain.alerts.notifications.notification import Notification

# An Express execution lives five minutes; whoever claimed longer ago cannot be about to publish any more.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
CLAIM_SECONDS = 330


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification on its way. It is written together with the state it tells of, so neither is there alone."""

    notification: Notification
    claimed_at: int = 0
    confirmed_at: int = 0

    @property
    def entry_id(self) -> str:
        """Its key in the alert's outbox."""
        return self.notification.dedupe_id

    def may_be_claimed(self, now: int) -> bool:
        """True if it is nobody's, or was claimed by an execution that is dead by now."""
        return not self.confirmed_at and self.claimed_at < stale_before(now)

    def claimed(self, now: int) -> "Entry | None":
        """The entry as the one execution that publishes it leaves it, or None for all others."""
        return replace(self, claimed_at=now) if self.may_be_claimed(now) else None

    def confirmed(self, now: int) -> "Entry":
        """The entry once it is published."""
        return replace(self, confirmed_at=now)


def stale_before(now: int) -> int:
    """Claims made before this time are void; 0 is the time of no claim."""
    return max(1, now - CLAIM_SECONDS)


def due(entries: Iterable[Entry], now: int) -> list[Entry]:
    """What somebody should publish now, oldest claims last."""
    return sorted(
        (entry for entry in entries if entry.may_be_claimed(now)), key=lambda entry: entry.claimed_at
    )


def entry_document(entry: Entry) -> dict[str, Any]:
    """The entry as an alert's item keeps it."""
    message = entry.notification
    return {
        "subject": message.subject,
        "message": message.message,
        "attributes": {name: dict(value) for name, value in message.attributes.items()},
        "claimed_at": entry.claimed_at,
        "confirmed_at": entry.confirmed_at,
    }


def read_entry(entry_id: str, document: Mapping[str, Any]) -> Entry:
    """The entry that a document describes."""
    message = Notification(entry_id, document["subject"], document["message"], document["attributes"])
    return Entry(message, int(document["claimed_at"]), int(document["confirmed_at"]))
