"""The ledger of hours in DynamoDB."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handlers.adapters.dynamodb.export_hours.items import (
    EXPORT,
    POINTS_PREFIX,
    TIDY,
    TIDY_PREFIX,
    ExportHoursTable,
    hour_of,
    key_of,
    record_of,
)
from handlers.adapters.dynamodb.table import Value, number, text
from handlers.domain.errors import TransientError
from handlers.domain.exports.cleanup import GRACE_S
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import LEASE_S, Claim
from handlers.domain.exports.marking import NOTES_COMPLETE_S, NOTES_SILENCE_S
from handlers.domain.exports.ports import LostClaim
from handlers.domain.exports.record import Outcome, Published, Record, next_due_s

_ATTEMPTS = 10
_ERROR_CHARACTERS = 500
# Older than this, a replaced run needs no date of its own any more: it may go by any rule.
_REMEMBERED_S = 3 * GRACE_S

_FREE = "attribute_not_exists(#claimed_by) OR #claimed_until < :now"
_MINE = "#claimed_by = :by AND #attempts = :attempt"


class ExportHoursLedger:
    """The ledger of hours, one item per hour; each change says in a condition what it relies on.

    Its methods are those of the port `HourLedger`, and three more for the functions that claim hours and give them up.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = ExportHoursTable(dynamodb, table)

    def watermark(self) -> Hour | None:
        """The hour in the item `watermark`."""
        hour = text(self._table.get("watermark"), "hour")
        return Hour.parse(hour) if hour else None

    def advance(self, hour: Hour) -> None:
        """Texts of hours sort as the hours do, so the condition can compare them."""
        condition = "attribute_not_exists(#hour) OR #hour < :hour"
        self._table.update("watermark", "SET #hour = :hour", {"hour": str(hour)}, condition=condition)

    def enter(self, hours: Iterable[Hour], due_at_s: float, *, again: bool) -> None:
        """Puts each hour into the index of due ones; what is wanted again is counted, whatever was noted of it."""
        for hour in hours:
            if again:
                self._table.note_points(hour)
            self._table.update(
                key_of(hour),
                "SET #work = :work, #due_at = :due_at",
                {"work": EXPORT, "due_at": due_at_s},
                condition=None if again else "attribute_not_exists(#id)",
            )

    def due(self, now_s: float, limit: int) -> Sequence[Hour]:
        """Reads the index, which follows the items a moment later."""
        return self._table.due(EXPORT, now_s, limit)

    def read(self, hours: Iterable[Hour]) -> Mapping[Hour, Record]:
        """Consistent reads of a hundred items at a time."""
        return {hour_of(item): record_of(item) for item in self._table.get_all(map(key_of, hours))}

    def claim(self, hour: Hour, by: str, now_s: float) -> Claim | Record:
        """The claim, begun now or, for the same execution, earlier; the entry while another execution has the hour."""
        change = "SET #claimed_by = :by, #claimed_at = :now, #claimed_until = :until ADD #attempts :one"
        values: dict[str, Value] = {"by": by, "now": now_s, "until": now_s + LEASE_S, "one": 1}
        _, item = self._table.update(key_of(hour), change, values, condition=_FREE)
        record = record_of(item)
        if record.claimed_by == by:
            return Claim(record.attempt, by)
        return record

    def has_no_points(self, hour: Hour, now_s: float) -> bool:
        """True if no writer noted a point of the hour, and all of them would have: its points need not be counted."""
        noted = self._table.get(key_of(hour, POINTS_PREFIX))
        values: dict[str, Value] = {"now": now_s, "recent": now_s - NOTES_SILENCE_S}
        known, item = self._table.update("noting", "SET #seen = :now", values, condition="#seen >= :recent")
        if not known:
            _, item = self._table.update("noting", "SET #seen = :now, #since = :now", {"now": now_s})
        return not noted and hour.start_s >= (number(item, "since") or now_s) + NOTES_COMPLETE_S

    def renew(self, claim: Claim, now_s: float) -> None:
        """Moves the end of the lease."""
        hour, values = claim.attempt.hour, {**_identity(claim), "until": now_s + LEASE_S}
        if not self._table.update(key_of(hour), "SET #claimed_until = :until", values, condition=_MINE)[0]:
            raise _lost(claim)

    def complete(self, claim: Claim, published: Published, lag_s: float) -> None:
        """Writes the publication on the entry; `TransientError` when late points keep changing it meanwhile."""
        hour = claim.attempt.hour
        if claim.attempt.number > 1:
            self._ask_for_cleanup(hour, published.published_at_s + GRACE_S)
        for _ in range(_ATTEMPTS):
            record = self.read([hour]).get(hour)
            if record is None or record.claimed_by != claim.by or record.attempts != claim.attempt.number:
                raise _lost(claim)
            # A late point may mark the hour right now: what follows from its marks is entered only if they still stand.
            change, values = _completion(record, published, lag_s)
            values |= _identity(claim)
            unchanged = "attribute_not_exists(#settled_at)"
            if record.settled_at_s is not None:
                unchanged, values["seen"] = "#settled_at = :seen", record.settled_at_s
            if self._table.update(key_of(hour), change, values, condition=f"{_MINE} AND {unchanged}")[0]:
                return
        raise TransientError("the hour kept being marked")

    def give_up(self, hour: Hour, by: str, error: str, now_s: float) -> None:
        """Enters a failure, gives the claim back and makes the hour due again; nothing if another execution has it."""
        change = (
            "SET #outcome = :outcome, #error = :error, #work = :work, #due_at = :now "
            "REMOVE #claimed_by, #claimed_until ADD #failures :one"
        )
        values: dict[str, Value] = {
            "outcome": Outcome.FAILED.value,
            "error": error[:_ERROR_CHARACTERS],
            "work": EXPORT,
            "now": now_s,
            "one": 1,
            "by": by,
        }
        self._table.update(key_of(hour), change, values, condition=f"{_FREE} OR #claimed_by = :by")

    def expire(self, hour: Hour, now_s: float) -> None:
        """Enters the hour as expired, or leaves its publication as it is if there is one."""
        key, gone = key_of(hour), "REMOVE #work, #due_at, #settled_at, #final_at"
        values: dict[str, Value] = {"outcome": Outcome.EXPIRED.value, "now": now_s}
        condition = f"attribute_not_exists(#run) AND ({_FREE})"
        if not self._table.update(key, f"SET #outcome = :outcome {gone}", values, condition=condition)[0]:
            condition = f"attribute_exists(#run) AND ({_FREE})"
            self._table.update(key, gone, {"now": now_s}, condition=condition)

    def _ask_for_cleanup(self, hour: Hour, at_s: float) -> None:
        self._table.update(
            key_of(hour, TIDY_PREFIX),
            "SET #work = :work, #due_at = if_not_exists(#due_at, :at) ADD #revision :one",
            {"work": TIDY, "at": at_s, "one": 1},
        )


def _completion(record: Record, published: Published, lag_s: float) -> tuple[str, dict[str, Value]]:
    """The change that enters a publication."""
    now_s = published.published_at_s
    replaced = {run: at_s for run, at_s in record.replaced.items() if at_s > now_s - _REMEMBERED_S}
    if record.published is not None:
        replaced[record.published.run] = now_s
    values: dict[str, Value] = {
        "outcome": (Outcome.EXPORTED if published.rows else Outcome.EMPTY).value,
        "run": published.run,
        "started_at": published.started_at_s,
        "published_at": now_s,
        "rows": published.rows,
        "bytes": published.bytes,
        "replaced": replaced,
    }
    gone = ["claimed_by", "claimed_until", "error", "failures"]
    due_at_s = next_due_s(record, published.started_at_s, lag_s)
    if due_at_s is None:
        gone += ["work", "due_at", "settled_at", "final_at"]
    else:
        values |= {"work": EXPORT, "due_at": due_at_s}
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    return f"SET {sets} REMOVE {', '.join(f'#{name}' for name in gone)}", values


def _lost(claim: Claim) -> LostClaim:
    return LostClaim(f"{claim.attempt.hour} was taken over")


def _identity(claim: Claim) -> dict[str, Value]:
    return {"by": claim.by, "attempt": claim.attempt.number}
