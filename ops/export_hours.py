"""States of exported hours, as the ledger and the age of the deployment have them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.exports.hour import Hour, complete_at_s, hours_between
from handlers.domain.exports.record import Record, State, state_of
from ops.errors import refusals
from ops.stack import Target


@dataclass(frozen=True, slots=True)
class HourState:
    """An hour with its state; `record` is its entry in the ledger, if it has one."""

    hour: Hour
    state: State
    record: Record | None


def newest_hours(target: Target, count: int) -> list[HourState]:
    """The newest so many hours up to the current one; those before the deployment only if they have an entry.

    OperatorError if the ledger cannot be read.
    """
    found = list(_states(target, None, count))
    first = _first_hour(target)
    return [one for one in found if first is None or one.record is not None or one.hour >= first] or found[
        -1:
    ]


def states_of(target: Target, hours: Sequence[Hour]) -> list[HourState]:
    """The states of these hours; OperatorError if the ledger cannot be read."""
    return list(_states(target, hours, 0))


def _states(target: Target, hours: Sequence[Hour] | None, newest: int) -> Iterator[HourState]:
    lag_s = target.config.export.lag_minutes * 60
    ledger = ExportHoursLedger(target.client("dynamodb"), target.output("ExportHoursTableName"))
    with refusals("cannot read the ledger of hours"):
        mark = ledger.watermark()
        # A local run's clock may have been moved ahead of this machine's.
        now_s = max(time.time(), complete_at_s(mark, lag_s) if mark else 0)
        last = Hour.containing(now_s)
        wanted = list(hours_between(last.plus(1 - newest), last)) if hours is None else hours
        records = ledger.read(wanted)
    first = _first_hour(target)
    for hour in wanted:
        record = records.get(hour)
        # What was over before the first scheduled run, or before there was a deployment, nobody asked for.
        over = hour <= mark if mark is not None else first is not None and hour < first
        if record is None and over:
            yield HourState(hour, State.NONE, None)
        else:
            yield HourState(hour, state_of(hour, record, now_s, lag_s), record)


def _first_hour(target: Target) -> Hour | None:
    """The hour in which the deployment was made."""
    made = target.stack().get("CreationTime")
    return None if made is None else Hour.containing(made.timestamp())
