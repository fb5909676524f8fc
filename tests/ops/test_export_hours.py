"""States of hours, before and after the first scheduled run."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Outcome, Record, State
from ops import export_hours
from ops.export_hours import newest_hours, states_of
from ops.stack import Target
from templates.config import load

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC).timestamp()
TARGET = Target(load("dev"), "us-east-1", "metrics-dev")


def at(hour: int) -> Hour:
    """An hour of the day."""
    return Hour.containing(NOW).plus(hour - 12)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The ledger's watermark and entries, of a deployment that was made at half past nine."""
    content: dict[str, Any] = {"mark": None, "records": {}}

    class Ledger:
        def __init__(self, *_: object) -> None:
            pass

        def watermark(self) -> Hour | None:
            """The last hour that the schedule came to."""
            mark: Hour | None = content["mark"]
            return mark

        def read(self, _hours: object) -> Mapping[Hour, Record]:
            """Every entry."""
            records: Mapping[Hour, Record] = content["records"]
            return records

    made = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    monkeypatch.setattr(export_hours, "ExportHoursLedger", Ledger)
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr(Target, "stack", lambda _: {"CreationTime": made})
    monkeypatch.setattr(Target, "output", lambda *_: "x")
    monkeypatch.setattr(Target, "client", lambda *_: None)
    return content


def states(hours: list[Any]) -> dict[int, State]:
    """States by hour of the day."""
    return {int(one.hour.of_day): one.state for one in hours}


def test_a_fresh_deployment_misses_nothing_from_before_it(ledger: dict[str, Any]) -> None:
    """The list begins with the hour in which it was made; what became due since then is missing."""
    assert states(newest_hours(TARGET, 48)) == {
        9: State.MISSING, 10: State.MISSING, 11: State.MISSING, 12: State.WAITING,
    }  # fmt: skip
    assert states(states_of(TARGET, [at(8), at(9)])) == {8: State.NONE, 9: State.MISSING}


def test_an_export_by_hand_is_shown_wherever_it_lies(ledger: dict[str, Any]) -> None:
    """An hour before the deployment may be asked for, as data outlives its stack."""
    ledger["records"] = {at(7): Record(at(7), outcome=Outcome.FAILED)}
    shown = states(newest_hours(TARGET, 48))
    assert shown[7] == State.FAILED
    assert 8 not in shown


def test_hours_before_the_first_scheduled_one_were_not_asked_for(ledger: dict[str, Any]) -> None:
    """From the watermark on an hour without an entry is one that the schedule did not come to."""
    ledger["mark"] = at(10)
    assert states(newest_hours(TARGET, 4)) == {
        9: State.NONE, 10: State.NONE, 11: State.MISSING, 12: State.WAITING,
    }  # fmt: skip


def test_the_current_hour_is_always_shown(ledger: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a clock that was moved says of the deployment."""
    monkeypatch.setattr(time, "time", lambda: NOW - 7 * 3600)
    assert list(states(newest_hours(TARGET, 5))) == [5]
