"""A batch aggregated: what is kept where there are more groups, or more late ones, than the cap."""

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregation import Window, aggregate
from tests.support.alert_pipeline import a_point
from tests.support.rules import a_rule

TIMING = Timing()
NOW = 1_763_769_660
SELECTION = a_rule(by=["host"]).selection


def test_known_groups_come_first_where_there_are_more_than_the_cap() -> None:
    """New ones take what room is left, in an order that no client can choose; the note is read only then."""
    known = frozenset({("real-1",), ("real-2",)})
    points = [
        a_point(NOW, 1.0, host=name) for name in (*(f"junk-{n}" for n in range(50)), "real-1", "real-2")
    ]
    window = aggregate(points, [SELECTION], NOW, TIMING, 10, lambda _: known).windows[
        Window(SELECTION.selection_id, NOW)
    ]
    assert known <= window.sets.keys()
    assert (len(window.sets), window.dropped) == (10, 42)
    asked: list[object] = []
    aggregate(points[:10], [SELECTION], NOW, TIMING, 10, lambda one: asked.append(one) or frozenset())  # type: ignore[func-returns-value]
    assert asked == []


def test_late_points_of_a_batch_have_one_cap_over_all_their_periods() -> None:
    """An evaluation's work is bounded, whatever comes late: the newest periods come first, the rest is too late."""
    points = [a_point(NOW - 60 * minute, 1.0, host=f"h{n}") for minute in range(2, 50) for n in range(4)]
    result = aggregate([*points, a_point(NOW, 1.0, host="a")], [SELECTION], NOW + 30, TIMING, 10)
    kept = {window.start_s: len(found.sets) for window, found in result.windows.items() if found.sets}
    assert kept == {NOW: 1, NOW - 120: 4, NOW - 180: 4, NOW - 240: 2}
    assert (result.points, result.too_late) == (11, len(points) - 10)
