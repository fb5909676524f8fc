"""The ledger of hours in DynamoDB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, translate
from handlers.adapters.dynamodb.export_hours.items import (
    EXPORT,
    ID,
    TIDY,
    TIDY_PREFIX,
    ExportItems,
    Value,
    hour_of,
    key_of,
    record_of,
    text,
)
from handlers.domain.errors import TransientError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import LEASE_SECONDS, Claim
from handlers.domain.exports.record import Outcome, Published, Record, next_due
from handlers.domain.exports.tidying import GRACE_SECONDS

_KEYS_OF_A_READ = 100
_ATTEMPTS = 10
_ERROR_CHARACTERS = 500
# Older than this, a replaced run needs no date of its own any more: it may go by any rule.
_REMEMBERED_SECONDS = 3 * GRACE_SECONDS

_FREE = "attribute_not_exists(#claimed_by) OR #claimed_until < :now"
_MINE = "#claimed_by = :by AND #attempts = :attempt"


class HourTable:
    """One item per hour; whoever changes one says in a condition what it relies on."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._items = ExportItems(dynamodb, table)

    def watermark(self) -> Hour | None:
        """The newest hour that was entered by the schedule; None before the first."""
        hour = text(self._items.get("watermark"), "hour")
        return Hour.parse(hour) if hour else None

    def advance(self, hour: Hour) -> None:
        """Moves the watermark forward to an hour; never back."""
        condition = "attribute_not_exists(#hour) OR #hour < :hour"
        self._items.update("watermark", "SET #hour = :hour", {"hour": str(hour)}, condition=condition)

    def enter(self, hours: Iterable[Hour], due_at: float, *, again: bool) -> None:
        """Makes hours due. Those that have an entry are left alone, unless they are wanted `again`."""
        for hour in hours:
            self._items.update(
                key_of(hour),
                "SET #work = :work, #due_at = :due_at",
                {"work": EXPORT, "due_at": due_at},
                condition=None if again else "attribute_not_exists(#id)",
            )

    def due(self, now: float, limit: int) -> Sequence[Hour]:
        """The hours due by now, the longest due first; one that was entered just now may still be missing."""
        return [hour_of(item) for item in self._items.due(EXPORT, now, limit)]

    def read(self, hours: Iterable[Hour]) -> Mapping[Hour, Record]:
        """The entries that there are."""
        found: dict[Hour, Record] = {}
        for some in _batched(hours, _KEYS_OF_A_READ):
            wanted: dict[str, Any] = {
                self._items.table: {
                    "Keys": [{ID: {"S": key_of(hour)}} for hour in some],
                    "ConsistentRead": True,
                }
            }
            while wanted:
                try:
                    answer = self._items.dynamodb.batch_get_item(RequestItems=wanted)
                except AWS_ERRORS as error:
                    raise translate(error) from error
                found |= {hour_of(item): record_of(item) for item in answer["Responses"][self._items.table]}
                wanted = answer.get("UnprocessedKeys", {})
        return found

    def claim(self, hour: Hour, by: str, now: float) -> Claim | Record:
        """The claim, begun now or, for the same execution, earlier; the entry when somebody else is at it."""
        change = "SET #claimed_by = :by, #claimed_at = :now, #claimed_until = :until ADD #attempts :one"
        values: dict[str, Value] = {"by": by, "now": now, "until": now + LEASE_SECONDS, "one": 1}
        _, item = self._items.update(key_of(hour), change, values, condition=_FREE)
        record = record_of(item)
        if record.claimed_by == by:
            return Claim(record.attempt, by)
        return record

    def renew(self, claim: Claim, now: float) -> bool:
        """Keeps a claim alive; False when it was lost, and nothing may be published any more."""
        values: dict[str, Value] = {**_identity(claim), "until": now + LEASE_SECONDS}
        renewed, _ = self._items.update(
            key_of(claim.attempt.hour), "SET #claimed_until = :until", values, condition=_MINE
        )
        return renewed

    def complete(self, claim: Claim, published: Published, lag_seconds: float) -> bool:
        """Enters what was published and gives the claim back; False when the claim was lost."""
        hour = claim.attempt.hour
        if claim.attempt.number > 1:
            self._want_tidy(hour, published.published_at + GRACE_SECONDS)
        for _ in range(_ATTEMPTS):
            record = self.read([hour]).get(hour)
            if record is None or record.claimed_by != claim.by or record.attempts != claim.attempt.number:
                return False
            # A late point may mark the hour right now: what follows from its marks is entered only if they still stand.
            change, values = _completion(record, published, lag_seconds)
            condition = f"{_MINE} AND {_unchanged(record)}"
            if record.settled_at is not None:
                values["seen"] = record.settled_at
            if self._items.update(key_of(hour), change, {**values, **_identity(claim)}, condition=condition)[
                0
            ]:
                return True
        raise TransientError("the hour kept being marked")

    def give_up(self, hour: Hour, by: str, error: str, now: float) -> None:
        """Enters a failure, gives the claim back and makes the hour due again; nothing if somebody else is at it."""
        change = (
            "SET #outcome = :outcome, #error = :error, #work = :work, #due_at = :now "
            "REMOVE #claimed_by, #claimed_until ADD #failures :one"
        )
        values: dict[str, Value] = {
            "outcome": Outcome.FAILED.value,
            "error": error[:_ERROR_CHARACTERS],
            "work": EXPORT,
            "now": now,
            "one": 1,
            "by": by,
        }
        self._items.update(key_of(hour), change, values, condition=f"{_FREE} OR #claimed_by = :by")

    def expire(self, hour: Hour, now: float) -> None:
        """Wants an hour no more: the store has forgotten it. Nothing if somebody is at it."""
        change = "SET #outcome = :outcome REMOVE #work, #due_at, #settled_at, #final_at"
        condition = f"attribute_not_exists(#run) AND ({_FREE})"
        done, _ = self._items.update(
            key_of(hour), change, {"outcome": Outcome.EXPIRED.value, "now": now}, condition=condition
        )
        if not done:  # what was published of it stays as it is
            change = "REMOVE #work, #due_at, #settled_at, #final_at"
            self._items.update(
                key_of(hour), change, {"now": now}, condition=f"attribute_exists(#run) AND ({_FREE})"
            )

    def _want_tidy(self, hour: Hour, at: float) -> None:
        self._items.update(
            key_of(hour, TIDY_PREFIX),
            "SET #work = :work, #due_at = if_not_exists(#due_at, :at) ADD #revision :one",
            {"work": TIDY, "at": at, "one": 1},
        )


def _completion(record: Record, published: Published, lag_seconds: float) -> tuple[str, dict[str, Value]]:
    """The change that enters a publication."""
    now = published.published_at
    replaced = {run: at for run, at in record.replaced.items() if at > now - _REMEMBERED_SECONDS}
    if record.published is not None:
        replaced[record.published.run] = now
    values: dict[str, Value] = {
        "outcome": (Outcome.EXPORTED if published.rows else Outcome.EMPTY).value,
        "run": published.run,
        "started_at": published.started_at,
        "published_at": now,
        "rows": published.rows,
        "bytes": published.bytes,
        "replaced": replaced,
    }
    gone = ["claimed_by", "claimed_until", "error", "failures"]
    due_at = next_due(record, published.started_at, lag_seconds)
    if due_at is None:
        gone += ["work", "due_at", "settled_at", "final_at"]
    else:
        values |= {"work": EXPORT, "due_at": due_at}
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    return f"SET {sets} REMOVE {', '.join(f'#{name}' for name in gone)}", values


def _unchanged(record: Record) -> str:
    return "attribute_not_exists(#settled_at)" if record.settled_at is None else "#settled_at = :seen"


def _identity(claim: Claim) -> dict[str, Value]:
    return {"by": claim.by, "attempt": claim.attempt.number}


def _batched(hours: Iterable[Hour], size: int) -> Iterator[list[Hour]]:
    rest = iter(hours)
    while some := list(islice(rest, size)):
        yield some
