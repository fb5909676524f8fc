"""The choice of where an hour is read."""

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from ops.errors import OperatorError
from ops.history.exported import ExportedHistory
from ops.history.stored import StoredHistory
from ops.rule_backtest.sources import opened

NOW = Hour.parse("2026-11-25T04")
TARGET: Any = SimpleNamespace(
    config=SimpleNamespace(store=SimpleNamespace(days_kept=2, kind="timestream")), store=lambda: None
)
OLD, YOUNG = NOW.plus(-48), NOW.plus(-47)


def kind(hour: Hour, source: str) -> type:
    """The history that an hour is read from."""
    with opened(TARGET, (), range(OLD.start_s, NOW.end_s), NOW.start_s + 60.0, source) as sources:
        found = sources(hour)
        assert sources(hour) is found
        return type(found)


def test_the_store_is_asked_as_far_as_it_keeps_points() -> None:
    """What it may have forgotten a part of is read from the exports."""
    assert kind(YOUNG, "auto") is StoredHistory
    assert kind(OLD, "auto") is ExportedHistory


def test_a_source_can_be_asked_for() -> None:
    """The exports of any hour, the store's of those it keeps whole."""
    assert kind(YOUNG, "exported") is ExportedHistory
    assert kind(YOUNG, "stored") is StoredHistory
    with pytest.raises(OperatorError, match="keeps 2 days, and has nothing before 2026-11-23T05"):
        kind(OLD, "stored")
