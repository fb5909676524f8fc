"""The ledger of hours: what is due, who is at it, what is published. The port; adapters keep it.

Every call may raise `TransientError` or `ConfigurationError`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Published, Record

# From one step of an export to the next nothing takes this long, retries included; who is silent longer is dead.
LEASE_SECONDS = 20 * 60


@dataclass(frozen=True)
class Claim:
    """The right to export an hour: of two executions, one has it."""

    attempt: Attempt
    by: str


class HourLedger(Protocol):
    """Keeps one `Record` per hour, and how far the schedule has come."""

    def watermark(self) -> Hour | None:
        """The newest hour that was entered by the schedule; None before the first."""
        ...

    def advance(self, hour: Hour) -> None:
        """Moves the watermark forward to an hour; never back."""
        ...

    def enter(self, hours: Iterable[Hour], due_at: float, *, again: bool) -> None:
        """Makes hours due. Those that have an entry are left alone, unless they are wanted `again`."""
        ...

    def due(self, now: float, limit: int) -> Sequence[Hour]:
        """The hours due by now, the longest due first; one that was entered just now may still be missing."""
        ...

    def read(self, hours: Iterable[Hour]) -> Mapping[Hour, Record]:
        """The entries that there are."""
        ...

    def claim(self, hour: Hour, by: str, now: float) -> Claim | Record:
        """The claim, begun now or, for the same execution, earlier; the entry when somebody else is at it."""
        ...

    def renew(self, claim: Claim, now: float) -> bool:
        """Keeps a claim alive; False when it was lost, and nothing may be published any more."""
        ...

    def complete(self, claim: Claim, published: Published, lag_seconds: float) -> bool:
        """Enters what was published and gives the claim back; False when the claim was lost."""
        ...

    def give_up(self, hour: Hour, by: str, error: str, now: float) -> None:
        """Enters a failure, gives the claim back and makes the hour due again; nothing if somebody else is at it."""
        ...

    def expire(self, hour: Hour, now: float) -> None:
        """Wants an hour no more: the store has forgotten it. Nothing if somebody is at it."""
        ...
