"""What is known about the export of one hour, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.hour import Hour, complete_at


class Outcome(StrEnum):
    """How the last attempt at an hour ended."""

    EXPORTED = "exported"
    EMPTY = "empty"
    FAILED = "failed"
    EXPIRED = "expired"  # the store forgot it before it was exported


class State(StrEnum):
    """What an operator is told about an hour."""

    EXPORTED = "exported"
    EMPTY = "empty"
    PARTIAL = "partial"  # exported by hand before it was complete; its own turn comes
    DIRTY = "dirty"
    FAILED = "failed"
    EXPIRED = "expired"
    RUNNING = "running"
    MISSING = "missing"
    WAITING = "waiting"  # not due yet
    NONE = "none"  # it was over before the first export, and nobody asked for it


@dataclass(frozen=True)
class Published:
    """What readers see of an hour. `started_at` is when its export began to look."""

    run: str
    started_at: float
    published_at: float
    rows: int
    bytes: int


@dataclass(frozen=True)
class Record:
    """An hour's entry in the ledger. Times are seconds since the epoch.

    `due_at` is when it next wants an export, None when it wants none. An export that begins at or after `settled_at`
    has every late point that the store shows at once, one at or after `final_at` also those that it shows hours later.
    """

    hour: Hour
    due_at: float | None = None
    settled_at: float | None = None
    final_at: float | None = None
    outcome: Outcome | None = None
    error: str = ""
    failures: int = 0
    attempts: int = 0
    claimed_by: str = ""
    claimed_at: float = 0.0
    claimed_until: float = 0.0
    published: Published | None = None
    replaced: Mapping[str, float] = field(default_factory=dict)

    def claimed(self, now: float) -> bool:
        """True if somebody is at it."""
        return bool(self.claimed_by) and self.claimed_until > now

    @property
    def attempt(self) -> Attempt:
        """The last attempt that was begun."""
        return Attempt(self.hour, self.attempts, self.claimed_at)


def next_due(record: Record, started_at: float, lag_seconds: float) -> float | None:
    """When an hour that was just published, from an export begun at `started_at`, must be exported again."""
    reasons = (complete_at(record.hour, lag_seconds), record.settled_at, record.final_at)
    return min((moment for moment in reasons if moment is not None and moment > started_at), default=None)


def state_of(hour: Hour, record: Record | None, now: float, lag_seconds: float) -> State:
    """What to tell an operator about an hour; `record` is None when the ledger has no entry."""
    due = complete_at(hour, lag_seconds) <= now
    if record is None:
        return State.MISSING if due else State.WAITING
    if record.claimed(now):
        return State.RUNNING
    if record.outcome in {Outcome.FAILED, Outcome.EXPIRED}:
        return State(record.outcome)
    published = record.published
    if published is None:
        return State.MISSING if due else State.WAITING
    if published.started_at < complete_at(hour, lag_seconds):
        return State.MISSING if due else State.PARTIAL
    if record.settled_at is not None and published.started_at < record.settled_at:
        return State.DIRTY
    return State.EXPORTED if published.rows else State.EMPTY
