"""History from a store: what is asked of it, and what is made of its answers."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from handlers.domain.timestamp import NS_PER_S
from ops.history.asked import asked_of
from ops.history.hours import Slice
from ops.history.stored import StoredHistory
from ops.store.timestream import TimestreamStore
from tests.support.rules import a_rule

HOUR = Hour.parse("2026-11-25T04")


class Store(TimestreamStore):
    """A store that notes what it is asked, and gives answers one after the other."""

    def __init__(
        self, *answers: Sequence[Sequence[Any]], dimensions: Sequence[str] = ("host", "env")
    ) -> None:
        self.points = '"d"."t"'
        self.asked = list[str]()
        self._answers, self._dimensions = iter(answers), dimensions

    def select(self, sql: str) -> tuple[Sequence[str], Iterator[list[Any]]]:
        """The next answer."""
        self.asked.append(sql)
        return (), iter(map(list, next(self._answers)))

    def dimensions(self) -> list[str]:
        """The columns."""
        return list(self._dimensions)


def history(store: Store, *rules: Any) -> StoredHistory:
    """The history of the hour for these rules."""
    return StoredHistory(store, asked_of(rules), HOUR)


def test_points_come_packed_and_are_told_in_whole_steps() -> None:
    """A group is a row, NULL is a dimension that is not there, and every spelling of a double is read."""
    base = HOUR.start_s // 60
    store = Store([[HOUR.index, 3, 2]], [["system", "a", "0,1.5E3,59,-2.0"], ["system", None, "7,3"]])
    found = history(store, a_rule(by=["host"]))
    [part] = found.slices(HOUR)
    first, second = found.read(found.metrics[0], part)
    assert (first.metric_type, first.dimensions) == ("system", (("host", "a"),))
    assert (first.times, first.values) == ([base, base + 59], [1500.0, -2.0])
    assert (second.dimensions, second.times, second.values) == ((), [base + 7], [3.0])


def test_names_and_texts_are_quoted() -> None:
    """Whatever clients and rule files call things."""
    name, value = """it's; DROP "x" --""", "o'clock"
    store = Store([[HOUR.index, 1, 1]], [], dimensions=['ho"st'])
    found = history(store, a_rule(metric_name=name, by=['ho"st'], match={'ho"st': value}))
    list(found.read(found.metrics[0], Slice(HOUR.start_s, HOUR.end_s)))
    for sql in store.asked:
        assert """metric_name = 'it''s; DROP "x" --'""" in sql
        assert """("ho""st" IN ('o''clock'))""" in sql


def test_nothing_is_asked_of_dimensions_that_no_point_ever_had() -> None:
    """A match on one matches nothing, and a group by one is that of points without it."""
    store = Store([[HOUR.index, 1, 1]], [["system", "0,1"]])
    assert history(store, a_rule(match={"rack": "1"})).slices(HOUR)
    assert not store.asked
    found = history(store, a_rule(by=["rack"]))
    [readings] = found.read(found.metrics[0], Slice(HOUR.start_s, HOUR.end_s))
    assert readings.dimensions == ()
    assert not any("rack" in sql for sql in store.asked)


def test_an_hour_without_points_is_not_read() -> None:
    """The store was asked how many there are."""
    store = Store([])
    found = history(store, a_rule())
    [part] = found.slices(HOUR)
    assert not list(found.read(found.metrics[0], part))
    assert len(store.asked) == 1


def test_counters_are_read_by_all_that_tells_their_series_apart() -> None:
    """The columns in which any of their points has a value."""
    store = Store(
        [[HOUR.index, 1, 1]], [[0, 5]], [["system", "a", "p", "17,3"]], dimensions=["env", "host", "pod"]
    )
    found = history(store, a_rule(statistic="increase", by=["host"]))
    [readings] = found.read(found.metrics[0], Slice(HOUR.start_s, HOUR.end_s))
    assert store.asked[1].startswith('SELECT count("env"), count("pod") FROM')
    assert readings.dimensions == (("host", "a"), ("pod", "p"))
    assert readings.times == [HOUR.start_s * NS_PER_S + 17]


@pytest.mark.parametrize(("points", "parts"), [(0, 1), (1_000_000, 1), (1_000_001, 2), (10**9, 60)])
def test_an_hour_is_read_in_parts_that_fit_into_memory(points: int, parts: int) -> None:
    """All of it, however many points it has."""
    slices = history(Store([[HOUR.index, points, 1]]), a_rule()).slices(HOUR)
    assert len(slices) == parts
    assert [one.start_s for one in slices[1:]] == [one.end_s for one in slices[:-1]]
    assert (slices[0].start_s, slices[-1].end_s) == (HOUR.start_s, HOUR.end_s)


def test_a_group_of_many_points_is_several_rows() -> None:
    """As no row may be larger than a page."""
    store = Store([[HOUR.index, 40_000, 40_000]], [])
    found = history(store, a_rule())
    list(found.read(found.metrics[0], found.slices(HOUR)[0]))
    assert store.asked[1].endswith(f"GROUP BY metric_type, to_nanoseconds(time) / {360 * NS_PER_S}")


def test_hours_are_counted_together() -> None:
    """A day at once, up to the last."""
    store = Store([[HOUR.plus(1).index, 5, 1]])
    found = StoredHistory(store, asked_of([a_rule()]), HOUR.plus(1))
    assert found.slices(HOUR)
    assert found.slices(HOUR.plus(1))
    assert len(store.asked) == 1
