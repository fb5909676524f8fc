"""Which hours an execution takes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.exports.hour import Hour, complete_at, hours_between
from handlers.domain.exports.ledger import HourLedger
from handlers.domain.exports.request import Request, Terms

# A round is one Map of the state machine: small enough for its history, of which Step Functions keeps 25,000 events.
ROUND = 50
ROUNDS = 4


@dataclass(frozen=True)
class Choice:
    """The hours of this round, and the input of the next one if there is more to do."""

    hours: tuple[Hour, ...]
    next: Mapping[str, Any] | None


def choose(request: Request, ledger: HourLedger, now: float, terms: Terms) -> Choice:
    """The hours asked for; or the due one first, then what is dirty, failed, or was missed while nothing ran.

    Whatever is wanted is entered as due before it is begun, so that what this execution leaves, or is killed over,
    is there for the next.
    """
    if request.hours:
        if request.round == 1:
            ledger.enter(request.hours, now, again=True)
        return Choice(request.hours[:ROUND], _next(request, request.hours))
    oldest = terms.oldest(now)
    taken = dict.fromkeys(_enter_missed(request, ledger, now, terms))
    for hour in ledger.due(request.cutoff, ROUND + 1):
        if hour < oldest:
            ledger.expire(hour, now)
        else:
            taken[hour] = None
    hours = tuple(taken)
    return Choice(hours[:ROUND], _next(request, hours))


def _enter_missed(request: Request, ledger: HourLedger, now: float, terms: Terms) -> Sequence[Hour]:
    """Enters every hour since the last that the schedule came to; those that want an export, the due one first."""
    due = request.due
    if due is None or request.round > 1:
        return ()
    mark = ledger.watermark()
    first = due if mark is None else max(mark.plus(1), terms.oldest(now))
    new = list(hours_between(first, due))
    if not new:
        return ()
    ledger.enter(new, complete_at(due, terms.lag_seconds), again=False)
    ledger.advance(due)
    # The ledger's list of what is due may not know them yet; their entries do.
    entries = ledger.read(new)
    wanted = [hour for hour in new if _is_due(entries[hour].due_at, now)]
    return wanted[-1:] + wanted[:-1]


def _is_due(due_at: float | None, now: float) -> bool:
    return due_at is not None and due_at <= now


def _next(request: Request, hours: tuple[Hour, ...]) -> Mapping[str, Any] | None:
    if len(hours) <= ROUND or request.round >= ROUNDS:
        return None
    more: dict[str, Any] = {"cutoff": request.cutoff, "round": request.round + 1}
    if request.hours:
        more |= {"first": str(hours[ROUND]), "last": str(hours[-1])}
    return more
