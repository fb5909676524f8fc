"""The ledger's entry of one hour, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.hour import Hour, complete_at_s


class Outcome(StrEnum):
    """The end of the last attempt at an hour."""

    EXPORTED = "exported"
    EMPTY = "empty"
    FAILED = "failed"
    EXPIRED = "expired"  # the store forgot it before it was exported


class State(StrEnum):
    """The state of an hour as operators are told it."""

    EXPORTED = "exported"
    EMPTY = "empty"
    PARTIAL = "partial"  # exported by hand before it was complete; the schedule exports it again
    STALE = "stale"  # late points came; the next run exports it again
    FAILED = "failed"
    EXPIRED = "expired"
    RUNNING = "running"
    MISSING = "missing"
    WAITING = "waiting"  # not due yet
    NONE = "none"  # it was over before the first export, and was not asked for


@dataclass(frozen=True)
class Published:
    """The export of an hour that readers see. Times are seconds since the epoch; `started_at_s` is before any query."""

    run: str
    started_at_s: float
    published_at_s: float
    rows: int
    bytes: int


@dataclass(frozen=True)
class Record:
    """An hour's entry in the ledger. Times are seconds since the epoch.

    `due_at_s` is when it is next to be exported, None when it is not. An export begun at or after `settled_at_s` has
    every late point that the store shows at once, one begun at or after `final_at_s` also those that it shows later.
    """

    hour: Hour
    due_at_s: float | None = None
    settled_at_s: float | None = None
    final_at_s: float | None = None
    outcome: Outcome | None = None
    error: str = ""
    failures: int = 0
    attempts: int = 0
    claimed_by: str = ""
    claimed_at_s: float = 0.0
    claimed_until_s: float = 0.0
    published: Published | None = None
    replaced: Mapping[str, float] = field(default_factory=dict)

    def is_claimed(self, now_s: float) -> bool:
        """True if an execution is exporting it."""
        return bool(self.claimed_by) and self.claimed_until_s > now_s

    @property
    def attempt(self) -> Attempt:
        """The last attempt that was begun."""
        return Attempt(self.hour, self.attempts, self.claimed_at_s)


def next_due_s(record: Record, started_at_s: float, lag_s: float) -> float | None:
    """The time at which an hour must be exported again that was published from an export begun at `started_at_s`."""
    reasons_s = (complete_at_s(record.hour, lag_s), record.settled_at_s, record.final_at_s)
    return min((time_s for time_s in reasons_s if time_s is not None and time_s > started_at_s), default=None)


def state_of(hour: Hour, record: Record | None, now_s: float, lag_s: float) -> State:
    """The state of an hour at a time; `record` is None when the ledger has no entry."""
    due = complete_at_s(hour, lag_s) <= now_s
    if record is None:
        return State.MISSING if due else State.WAITING
    if record.is_claimed(now_s):
        return State.RUNNING
    if record.outcome in {Outcome.FAILED, Outcome.EXPIRED}:
        return State(record.outcome)
    published = record.published
    if published is None:
        return State.MISSING if due else State.WAITING
    if published.started_at_s < complete_at_s(hour, lag_s):
        return State.MISSING if due else State.PARTIAL
    if record.settled_at_s is not None and published.started_at_s < record.settled_at_s:
        return State.STALE
    return State.EXPORTED if published.rows else State.EMPTY
