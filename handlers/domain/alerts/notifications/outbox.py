"""The outbox of an alert: one notification on its way, one that may wait behind it, and each true when it leaves.

A notification is written together with the state it tells of, so neither is there alone. It goes into the slot, where
the state machine claims it, publishes it, and confirms it, or gives it back when SNS refused it. While a claim is live
nothing else may take the slot: what comes then waits. Of all that is unsent and not on its way, one is kept: the last
change of state, which counts the others that it stands for, or the last reminder where nothing changed.

The state machine works in the table itself; here is what it may claim, and what an evaluation writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from handlers.domain.alerts.notifications.notification import Notification

# An Express execution lives five minutes; one that claimed longer ago cannot be about to publish any more.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
CLAIM_SECONDS = 330

# One thing after the other that an alert had to tell; None: it ended without a word.
Made = Sequence[Notification | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification in its alert's outbox, with the times at which it was claimed and confirmed, 0 for never."""

    notification: Notification
    claimed_at_s: int = 0
    confirmed_at_s: int = 0

    @property
    def entry_id(self) -> str:
        """The key of the entry in the alert's outbox."""
        return self.notification.dedupe_id

    def may_be_claimed(self, now_s: float) -> bool:
        """True if it is unclaimed, was given back, or was claimed by an execution that is dead by now."""
        return not self.confirmed_at_s and self.claimed_at_s < stale_before(now_s)


@dataclass(frozen=True, slots=True)
class Outbox:
    """The notifications of one alert: at most one entry, but several where an older version left them."""

    entries: tuple[Entry, ...] = ()
    waiting: Notification | None = None

    @property
    def unconfirmed(self) -> tuple[Entry, ...]:
        """The entries that SNS is not known to have taken."""
        return tuple(entry for entry in self.entries if not entry.confirmed_at_s)

    @property
    def is_empty(self) -> bool:
        """True if nothing is left to be sent."""
        return not self.unconfirmed and self.waiting is None

    @property
    def newest(self) -> Notification | None:
        """The last notification that was sent or is to be; None where the last was taken back."""
        kept = (*(entry.notification for entry in self.entries), *filter(None, [self.waiting]))
        return max(kept, key=lambda one: one.sequence, default=None)

    def after(self, made: Made, *, is_firing: bool, now_s: float) -> "Outbox":
        """The outbox after an alert, which now fires or does not, had these to tell, in their order."""
        waiting = () if self.waiting is None else (self.waiting,)
        if not all(entry.may_be_claimed(now_s) for entry in self.unconfirmed):
            changes = (item for item in made if item is None or item.is_change)
            return replace(self, waiting=_to_be_told((*waiting, *changes), is_firing=is_firing))
        # Of two with one time, the one that agrees with the alert was the last.
        free = sorted(
            (entry.notification for entry in self.unconfirmed),
            key=lambda item: (item.at, item.is_firing is is_firing),
        )
        told = _to_be_told((*free, *waiting, *made), is_firing=is_firing)
        if told is None:
            return Outbox()
        return Outbox(
            tuple(entry for entry in self.unconfirmed if entry.notification == told) or (Entry(told),)
        )

    def due(self, *, is_firing: bool, now_s: float) -> Entry | None:
        """The entry to publish now; None also where an evaluation has to put another in its place first."""
        due = [entry for entry in self.unconfirmed if entry.may_be_claimed(now_s)]
        settled = self.after((), is_firing=is_firing, now_s=now_s).entries
        return due[0] if tuple(due) == settled and due else None


def stale_before(now_s: float) -> int:
    """Claims made before this time are void; 0 is the time of no claim."""
    return max(1, int(now_s) - CLAIM_SECONDS)


def _to_be_told(unsent: Iterable[Notification | None], *, is_firing: bool) -> Notification | None:
    """The one of these, oldest first, that is left to be told, if any is."""
    told: Notification | None = None
    for item in unsent:
        if item is None:
            told = None if told is None or told.is_firing else told
        elif told is None or not told.is_change:
            told = item
        elif item.is_change:
            told = item.standing_for(told)
    # It may have ended while this one was on its way, or before a reminder could leave.
    return None if told is not None and told.is_firing and not is_firing else told
