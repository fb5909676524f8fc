"""The choice of the hours that an execution takes on."""

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.domain.exports.hour import Hour, complete_at_s, hours_between
from handlers.domain.exports.ports import HourLedger
from handlers.domain.exports.request import ExportLimits, ExportRequest
from handlers.domain.exports.steps import ExecutionInput

# A round is one Map of the state machine: small enough for its history, of which Step Functions keeps 25,000 events.
ROUND = 50
ROUNDS = 4


@dataclass(frozen=True)
class Selection:
    """The hours of this round, and the input of the next one if there is more to do."""

    hours: tuple[Hour, ...]
    next_input: ExecutionInput | None


def choose(request: ExportRequest, ledger: HourLedger, now_s: float, limits: ExportLimits) -> Selection:
    """The hours asked for; or the due one first, then those that are stale, failed, or were missed while nothing ran.

    Each is entered as due before it is begun, so that an hour which this execution leaves, or is killed over, is
    there for the next.
    """
    if request.hours:
        if request.round == 1:
            ledger.enter(request.hours, now_s, again=True)
        return Selection(request.hours[:ROUND], _next_input(request, request.hours))
    oldest = limits.oldest_hour(now_s)
    taken = dict.fromkeys(_enter_missed(request, ledger, now_s, limits))
    for hour in ledger.due(request.cutoff_s, ROUND + 1):
        if hour < oldest:
            ledger.expire(hour, now_s)
        else:
            taken[hour] = None
    hours = tuple(taken)
    return Selection(hours[:ROUND], _next_input(request, hours))


def _enter_missed(
    request: ExportRequest, ledger: HourLedger, now_s: float, limits: ExportLimits
) -> Sequence[Hour]:
    """Enters every hour since the last that the schedule came to; those that are due, the newest first."""
    due = request.due
    if due is None or request.round > 1:
        return ()
    mark = ledger.watermark()
    first = due if mark is None else max(mark.plus(1), limits.oldest_hour(now_s))
    new = list(hours_between(first, due))
    if not new:
        return ()
    ledger.enter(new, complete_at_s(due, limits.lag_s), again=False)
    ledger.advance(due)
    # The ledger's list of due hours may not have them yet; their entries do.
    entries = ledger.read(new)
    due_now = [hour for hour in new if _is_due(entries[hour].due_at_s, now_s)]
    return due_now[-1:] + due_now[:-1]


def _is_due(due_at_s: float | None, now_s: float) -> bool:
    return due_at_s is not None and due_at_s <= now_s


def _next_input(request: ExportRequest, hours: tuple[Hour, ...]) -> ExecutionInput | None:
    if len(hours) <= ROUND or request.round >= ROUNDS:
        return None
    more: ExecutionInput = {"cutoff": request.cutoff_s, "round": request.round + 1}
    if request.hours:
        more["first"], more["last"] = str(hours[ROUND]), str(hours[-1])
    return more
