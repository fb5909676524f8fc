"""Counts at both ends."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from handlers.domain.exports.hour import Hour
from ops.store_copy.verifying import Counted, count_both

FIRST = Hour.parse("2026-11-22T22")


class Lake:
    """A lake that has the first hour of each question."""

    points, superseded = "p", "s"

    def __init__(self) -> None:
        self.questions: list[str] = []

    def select(self, sql: str) -> tuple[list[str], Iterator[list[Any]]]:
        """Seven points."""
        self.questions.append(sql)
        return ["event_hour", "_col1"], iter([[sql.partition("BETWEEN '")[2][:13], 7]])


def test_the_lake_is_asked_once_for_a_day_of_hours() -> None:
    """An hour of which it says nothing has no points there."""
    lake = Lake()
    ends: Any = SimpleNamespace(lake_store=lake, request="copy/d")
    hours = [FIRST, FIRST.plus(3), FIRST.plus(30)]
    found = list(count_both(ends, dict(zip(hours, (7, 3, 9), strict=True))))
    assert found == [Counted(hours[0], 7, 7), Counted(hours[1], 3, 0), Counted(hours[2], 9, 7)]
    assert len(lake.questions) == 2
    assert [one.is_whole for one in found] == [True, False, False]


def test_what_the_source_forgot_is_no_difference() -> None:
    """The lake counts each point once, so more than the source's are what the source had."""
    assert Counted(FIRST, 6, 7).is_whole
