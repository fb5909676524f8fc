"""docs/stores.md: what is written differently in the two stores' SQL comes to the same in both."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from handlers.vocabulary import LAKE, TIMESTREAM
from tests.support.both_stores import BothStores, both_stores
from tests.support.documents import ROOT
from tests.support.events import event

PAGE = (ROOT / "docs/stores.md").read_text(encoding="utf-8")
# Times of the page's examples are moved to where the points are.
_DAY = "2026-11-25"


def _table(first: str) -> list[tuple[str, str, str]]:
    """The rows of the table whose first column is called so, without the marks of code."""
    lines = PAGE.partition(f"| {first} | Timestream | Athena |\n")[2].partition("\n\n")[0].splitlines()[1:]
    cells = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return [(name, *(text.replace("`", "") for text in both)) for name, *both in cells]  # type: ignore[misc]


CONDITIONS, EXPRESSIONS = _table("condition"), _table("expression")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothStores]:
    """Both stores with points of three series in the last two hours, some of them in the last quarter of one."""
    with pytest.MonkeyPatch.context() as patch, both_stores(tmp_path_factory.mktemp("data"), patch) as both:
        begin_ms = _begin_ms(both)
        metrics = [
            {
                "metric_name": "cpu", "value": float(number), "timestamp": begin_ms + number * 61_003,
                "dimensions": {"host.name": "abc"[number % 3], "hostId": "bcd"[number % 3]},
            }
            for number in range((both.now_ms() - begin_ms) // 61_003)
        ]  # fmt: skip
        both.deliver(event({"metrics": metrics}, arrival_ms=both.now_ms())["Records"])
        yield both


def _begin_ms(both: BothStores) -> int:
    """The beginning of the hour before the last."""
    return (both.now_ms() // 3_600_000 - 1) * 3_600_000


def _moved(sql: str, both: BothStores) -> str:
    """The statement with the page's hours 20 and 21 in place of those that have points."""
    for page, hours in (("20", 0), ("21", 1)):
        there = datetime.fromtimestamp(_begin_ms(both) / 1000 + hours * 3600, UTC)
        sql = sql.replace(f"{_DAY}-{page}", f"{there:%Y-%m-%d-%H}").replace(
            f"{_DAY} {page}", f"{there:%Y-%m-%d %H}"
        )
    return sql


def test_the_tables_were_found() -> None:
    """So that the tests below are about something."""
    assert len(CONDITIONS) >= 6
    assert len(EXPRESSIONS) >= 5


@pytest.mark.parametrize(("_name", "timestream", "athena"), CONDITIONS, ids=[row[0] for row in CONDITIONS])
def test_a_condition_lets_the_same_points_through(
    stores: BothStores, _name: str, timestream: str, athena: str
) -> None:
    """Some, in both alike."""
    found = {
        kind: stores.rows(
            kind, _moved(f"SELECT value FROM {{points}} WHERE {condition} ORDER BY value", stores)
        )
        for kind, condition in ((TIMESTREAM, timestream), (LAKE, athena))
    }
    assert found[TIMESTREAM]
    assert found[LAKE] == found[TIMESTREAM]


@pytest.mark.parametrize(("name", "timestream", "athena"), EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_an_expression_has_the_same_value(
    stores: BothStores, name: str, timestream: str, athena: str
) -> None:
    """Of each point, or of all together."""
    found = {
        kind: stores.rows(
            kind, f"SELECT {expression} FROM {{points}}" + ("" if name == "what is alike" else " ORDER BY 1")
        )
        for kind, expression in ((TIMESTREAM, timestream), (LAKE, athena))
    }
    assert found[TIMESTREAM]
    assert found[LAKE] == found[TIMESTREAM]
