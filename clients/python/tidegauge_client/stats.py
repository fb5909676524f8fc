"""Counts of a client: of what was recorded, where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Causes for which points are dropped, beside those of the module `point`.
FULL = "buffer_full"
REFUSED = "refused"
TOO_LARGE = "too_large"
GIVEN_UP = "given_up"
CLOSED = "closed"
FAILED = "client_failed"


@dataclass(frozen=True)
class Stats:
    """Points of this process: recorded = accepted + all that were dropped + waiting."""

    recorded: int
    accepted: int
    dropped: Mapping[str, int]
    """By cause; docs/clients.md has what each means."""
    waiting: int
    """In the buffer, or on their way."""
    retried: int
    """Requests that were sent again."""
    last_error: str


@dataclass(frozen=True)
class Settled:
    """The end of one batch: accepted under a request id, or dropped for a cause."""

    points: int
    request_id: str
    cause: str
    """Empty if the stream has the points."""
    error: str
