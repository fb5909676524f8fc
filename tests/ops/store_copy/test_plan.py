"""Hours that a copy is about."""

import re
from collections.abc import Iterator
from typing import Any

from handlers.domain.exports.hour import Hour
from ops.store.port import Store
from ops.store_copy.plan import Plan, hour_of, make_plan, parts_of

FIRST = Hour.parse("2026-10-01T00")
_TIMES = re.compile(r"TIMESTAMP '([^']+)'")


class Table:
    """A table with a point in each of some hours, twice as many in each next one."""

    points = '"d"."t"'

    def __init__(self, *hours: Hour) -> None:
        self.counts = {f"{hour.date} {hour.of_day}:00:00.000000000": 2**n for n, hour in enumerate(hours)}
        self.questions = 0

    def select(self, sql: str) -> tuple[list[str], Iterator[list[Any]]]:
        """The oldest time, or the hours between two times, out of order."""
        self.questions += 1
        times = _TIMES.findall(sql)
        if not times:
            return ["_col0"], iter([[min(self.counts, default=None)]])
        found = [[time, number] for time, number in self.counts.items() if times[0] <= time < times[1]]
        return ["_col0", "_col1"], reversed(found)


def store(table: Any) -> Store:
    """The table as far as a plan asks it."""
    asked: Store = table
    return asked


def test_hours_with_points_stand_in_order_and_those_before_what_is_kept_apart() -> None:
    """From the oldest point to the end, over as many questions as there are weeks."""
    hours = [FIRST.plus(number) for number in (0, 1, 167, 168, 400)]
    table = Table(*hours)
    plan = make_plan(store(table), None, hours[-1], hours[1])
    assert plan == Plan(dict(zip(hours[1:], (2, 4, 8, 16), strict=True)), {hours[0]: 1})
    assert list(plan.kept) == hours[1:]
    assert table.questions == 1 + 3


def test_a_range_is_what_it_says() -> None:
    """Both ends are in it, and the oldest point is not asked for."""
    table = Table(*(FIRST.plus(number) for number in range(5)))
    assert list(make_plan(store(table), FIRST.plus(1), FIRST.plus(3), FIRST).kept.values()) == [2, 4, 8]
    assert table.questions == 1


def test_a_table_without_points_has_no_hours() -> None:
    """There is no oldest point then."""
    assert make_plan(store(Table()), None, FIRST, FIRST) == Plan({}, {})


def test_spans_have_no_hole_longer_than_themselves() -> None:
    """Each hour is in one of them."""
    hours = [FIRST.plus(number) for number in (0, 5, 23, 24, 500)]
    assert list(parts_of(hours, 24)) == [(hours[0], hours[2]), (hours[3], hours[3]), (hours[4], hours[4])]


def test_an_hour_is_read_as_each_store_writes_it() -> None:
    """A time, or an event_hour."""
    assert hour_of("2026-10-01 00:00:00.000000000") == hour_of("2026-10-01-00") == FIRST
