"""The request of an execution, by the schedule or by hand; a range that cannot be exported is refused in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.domain.exports.hour import Hour, due_hour, hours_between
from handlers.domain.exports.steps import ExecutionInput

CURRENT = "current"
LONGEST_RANGE = 31 * 24
_DAY = 86_400
_FIELDS = frozenset(ExecutionInput.__annotations__)


class ExportRequestError(Exception):
    """The hours asked for cannot be exported; the text is one line for a person."""


@dataclass(frozen=True)
class ExportLimits:
    """The hours that can be exported: complete `lag_s` seconds after their end, and kept for `retention_days`."""

    lag_s: float
    retention_days: int

    def oldest_hour(self, now_s: float) -> Hour:
        """The oldest hour of which the store still has everything."""
        return Hour.containing(now_s - self.retention_days * _DAY).plus(1)


@dataclass(frozen=True)
class ExportRequest:
    """The hours a person asked for (`due` is None then), or the newest hour that is due.

    `cutoff_s` is when the execution began: hours that became due since are the next one's.
    """

    due: Hour | None
    hours: tuple[Hour, ...]
    cutoff_s: float
    round: int = 1


def read_request(payload: Mapping[str, Any], now_s: float, limits: ExportLimits) -> ExportRequest:
    """The request an execution's input stands for; `ExportRequestError` when it cannot be met."""
    unknown = payload.keys() - _FIELDS
    if unknown:
        raise ExportRequestError(
            f"{min(unknown)[:40]!r} is not asked for; an export has scheduled_time, or first and last"
        )
    cutoff_s = float(payload.get("cutoff", now_s))
    turn = int(payload.get("round", 1))
    if "first" in payload or "last" in payload:
        first = _hour(payload.get("first", payload.get("last")), now_s)
        last = _hour(payload.get("last", payload.get("first")), now_s)
        _check_range(first, last, now_s, limits)
        return ExportRequest(None, tuple(hours_between(first, last)), cutoff_s, turn)
    scheduled_s = read_time_s(payload["scheduled_time"]) if "scheduled_time" in payload else now_s
    return ExportRequest(due_hour(min(scheduled_s, now_s), limits.lag_s), (), cutoff_s, turn)


def _check_range(first: Hour, last: Hour, now_s: float, limits: ExportLimits) -> None:
    if last < first:
        raise ExportRequestError(f"the range ends ({last}) before it begins ({first})")
    if last > Hour.containing(now_s):
        raise ExportRequestError(f"{last} is in the future; the current hour is {Hour.containing(now_s)}")
    oldest = limits.oldest_hour(now_s)
    if first < oldest:
        raise ExportRequestError(
            f"{first} is older than the {limits.retention_days} days the store keeps; the oldest whole hour is {oldest}"
        )
    count = last.index - first.index + 1
    if count > LONGEST_RANGE:
        raise ExportRequestError(
            f"{count} hours; one request takes {LONGEST_RANGE}, ask for the rest after it"
        )


def _hour(raw: object, now_s: float) -> Hour:
    if not isinstance(raw, str):
        raise ExportRequestError("an hour is a text such as 2026-11-22T02")
    if raw == CURRENT:
        return Hour.containing(now_s)
    try:
        return Hour.parse(raw)
    except ValueError as error:
        raise ExportRequestError(str(error)) from error


def read_time_s(raw: object) -> float:
    """A time of Scheduler's or of Step Functions' as seconds since the epoch; `ExportRequestError` if it is none.

    The time at which Step Functions entered a state is the only clock of an execution.
    """
    try:
        time = datetime.fromisoformat(str(raw))
    except ValueError as error:
        raise ExportRequestError(f"{str(raw)[:40]!r} is not a time such as 2026-11-22T03:15:00Z") from error
    return time.astimezone(UTC).timestamp() if time.tzinfo else time.replace(tzinfo=UTC).timestamp()
