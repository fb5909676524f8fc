"""The outbox of an alert: claim, publish, confirm make one message of each notification, whichever execution crashes.

The state machine claims and confirms in the table itself; here is when an entry may be claimed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.domain.alerts.notifications.notification import Notification

# An Express execution lives five minutes; one that claimed longer ago cannot be about to publish any more.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
CLAIM_SECONDS = 330


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification on its way. It is written together with the state it tells of, so neither is there alone."""

    notification: Notification
    claimed_at_s: int = 0
    confirmed_at_s: int = 0

    @property
    def entry_id(self) -> str:
        """The key of the entry in the alert's outbox."""
        return self.notification.dedupe_id

    def may_be_claimed(self, now_s: float) -> bool:
        """True if it is unclaimed, or was claimed by an execution that is dead by now."""
        return not self.confirmed_at_s and self.claimed_at_s < stale_before(now_s)


def stale_before(now_s: float) -> int:
    """Claims made before this time are void; 0 is the time of no claim."""
    return max(1, int(now_s) - CLAIM_SECONDS)


def due_entries(entries: Iterable[Entry], now_s: float) -> list[Entry]:
    """The entries to publish now, oldest claims last."""
    return sorted(
        (entry for entry in entries if entry.may_be_claimed(now_s)), key=lambda entry: entry.claimed_at_s
    )
