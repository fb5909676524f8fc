"""Windows of stored points."""

from typing import Any

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.windows.aggregation import Window
from ops.history.asked import Readings, asked_of
from ops.replay.stored_windows import StoredWindows
from tests.support.rules import a_rule

BEGIN = 1_764_028_800


def windows_of(*rules: Rule, cap: int = 1_000, hosts: int = 1, minutes: int = 10) -> StoredWindows:
    """The windows of some hosts with a point in each minute."""
    windows = StoredWindows(rules, Timing(60, 10), cap)
    for metric in asked_of(rules):
        step_s = metric.unit_ns // 10**9
        for host in range(hosts):
            times = [(BEGIN + minute * 60) // step_s for minute in range(minutes)]
            values = [float(minute) for minute in range(minutes)]
            windows.add(Readings(metric, "system", (("host", str(host)),), times, values))
    return windows


def counts(
    windows: StoredWindows, rule: Rule, end_minute: int, known: frozenset[tuple[str]] = frozenset()
) -> object:
    """By start in minutes, the groups and the counts of the rule's windows that end by then."""
    item = windows.ended(BEGIN + end_minute * 60, lambda _: known)
    if item is None:
        return None
    found: dict[Window, Any] = dict(item.packed({rule.selection.selection_id}))
    return {
        (window.start_s - BEGIN) // 60: ([group for [group] in packed["g"]], packed["n"], packed.get("d", 0))
        for window, packed in found.items()
    }


def test_a_window_is_handed_out_once_when_its_period_is_over() -> None:
    """Rules of other periods have theirs."""
    short, long = a_rule(by=["host"]), a_rule(rule_id="long", by=["host"], period=300)
    windows = windows_of(short, long)
    assert counts(windows, short, 1) == {0: (["0"], [1], 0)}
    assert counts(windows, short, 1) is None
    assert counts(windows, long, 5) == {0: (["0"], [5], 0)}


def test_the_cap_keeps_known_groups_first() -> None:
    """As it does in the stream, and the others are counted."""
    rule = a_rule(by=["host"])
    found = counts(windows_of(rule, cap=2, hosts=5), rule, 1, frozenset({("3",)}))
    assert isinstance(found, dict)
    groups, _, dropped = found[0]
    assert "3" in groups
    assert (len(groups), dropped) == (2, 3)


def test_windows_that_lack_points_are_dropped_also_those_to_come() -> None:
    """A period that reaches into a time that was not read is no period with data."""
    rule = a_rule(by=["host"], period=300)
    windows = windows_of(rule, minutes=5)
    windows.forget_before(BEGIN + 300)
    [metric] = asked_of([rule])
    windows.add(Readings(metric, "system", (("host", "0"),), [BEGIN // 300, BEGIN // 300 + 1], [1.0, 1.0]))
    assert counts(windows, rule, 10) == {5: (["0"], [1], 0)}
