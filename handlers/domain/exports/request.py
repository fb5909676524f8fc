"""What an execution was asked for, by the schedule or by hand; a range that cannot be exported is refused in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.domain.exports.hour import Hour, due_hour, hours_between

CURRENT = "current"
LONGEST_RANGE = 31 * 24
_DAY = 86_400
_FIELDS = frozenset({"scheduled_time", "first", "last", "cutoff", "round"})


class Refused(Exception):  # noqa: N818 -- the domain's word: nothing broke, the request cannot be met
    """What was asked for cannot be exported; the text is one line for a person."""


@dataclass(frozen=True)
class Terms:
    """What every request is held against."""

    lag_seconds: float
    retention_days: int

    def oldest(self, now: float) -> Hour:
        """The oldest hour of which the store still has everything."""
        return Hour.containing(now - self.retention_days * _DAY).plus(1)


@dataclass(frozen=True)
class Request:
    """The hours a person asked for (`due` is None then), or the newest hour that is due.

    `cutoff` is when the execution began: what became due since is the next one's.
    """

    due: Hour | None
    hours: tuple[Hour, ...]
    cutoff: float
    round: int = 1


def read_request(payload: Mapping[str, Any], now: float, terms: Terms) -> Request:
    """The request an execution's input stands for; `Refused` when there is no such thing to export."""
    unknown = payload.keys() - _FIELDS
    if unknown:
        raise Refused(
            f"{min(unknown)[:40]!r} is not asked for; an export has scheduled_time, or first and last"
        )
    cutoff = float(payload.get("cutoff", now))
    turn = int(payload.get("round", 1))
    if "first" in payload or "last" in payload:
        first = _hour(payload.get("first", payload.get("last")), now)
        last = _hour(payload.get("last", payload.get("first")), now)
        _check_range(first, last, now, terms)
        return Request(None, tuple(hours_between(first, last)), cutoff, turn)
    scheduled = _moment(payload["scheduled_time"]) if "scheduled_time" in payload else now
    return Request(due_hour(min(scheduled, now), terms.lag_seconds), (), cutoff, turn)


def _check_range(first: Hour, last: Hour, now: float, terms: Terms) -> None:
    if last < first:
        raise Refused(f"the range ends ({last}) before it begins ({first})")
    if last > Hour.containing(now):
        raise Refused(f"{last} is in the future; the current hour is {Hour.containing(now)}")
    oldest = terms.oldest(now)
    if first < oldest:
        raise Refused(
            f"{first} is older than the {terms.retention_days} days the store keeps; the oldest whole hour is {oldest}"
        )
    count = last.index - first.index + 1
    if count > LONGEST_RANGE:
        raise Refused(f"{count} hours; one request takes {LONGEST_RANGE}, ask for the rest after it")


def _hour(raw: object, now: float) -> Hour:
    if not isinstance(raw, str):
        raise Refused("an hour is a text such as 2026-11-22T02")
    if raw == CURRENT:
        return Hour.containing(now)
    try:
        return Hour.parse(raw)
    except ValueError as error:
        raise Refused(str(error)) from error


def _moment(raw: object) -> float:
    """A time of the schedule's or of Step Functions', as seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(str(raw))
    except ValueError as error:
        raise Refused(f"{str(raw)[:40]!r} is not a time such as 2026-11-22T03:15:00Z") from error
    return moment.astimezone(UTC).timestamp() if moment.tzinfo else moment.replace(tzinfo=UTC).timestamp()


def read_moment(raw: object) -> float:
    """The moment at which Step Functions entered a state, the only clock of an execution."""
    return _moment(raw)
