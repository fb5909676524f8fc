"""Notes on rules that no point can match."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops import rule_notes
from ops.errors import OperatorError
from ops.stack import Target
from ops.store.timestream import TimestreamStore
from templates.config import load
from tests.support.rules import a_rule

TARGET = Target(load("dev"), "us-east-1", "metrics-dev")


def test_hostile_names_stay_inside_their_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric's name is part of the question, never of the statement."""
    asked = []

    def select(_: TimestreamStore, sql: str) -> tuple[list[str], Iterator[list[str]]]:
        asked.append(sql)
        return ["metric_name"], iter([["it's"]])

    monkeypatch.setattr(TimestreamStore, "select", select)
    monkeypatch.setattr(Target, "outputs", lambda _: {"DatabaseName": "d", "TableName": "t"})
    monkeypatch.setattr(Target, "client", lambda *_: None)
    found = rule_notes.arriving_metrics(TARGET, {"it's", "x') OR ('1'='1"})
    assert found == {"it's"}
    assert "IN ('it''s', 'x'') OR (''1''=''1')" in asked[0]


def test_rules_can_be_applied_while_the_store_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty table has no columns to ask for; a note says so, no metric is called missing, and nothing is raised."""

    def select(_: TimestreamStore, _sql: str) -> Any:
        raise OperatorError("cannot query Timestream: Column 'metric_name' does not exist")

    class Registry:
        """A table without an item."""

        def get_item(self, **_: Any) -> dict[str, Any]:
            return {}

    outputs = {"DatabaseName": "d", "TableName": "t", "DimensionsTableName": "r"}
    monkeypatch.setattr(TimestreamStore, "select", select)
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    monkeypatch.setattr(Target, "client", lambda *_: Registry())
    [note] = rule_notes.notes(TARGET, [a_rule(by=[])])
    assert note == (
        "the store cannot say which metrics arrive: "
        "cannot query Timestream: Column 'metric_name' does not exist"
    )
