"""The datapoints of a group, out of the windows that a replay judged."""

from collections.abc import Sequence

from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import Verdict
from handlers.domain.alerts.windows.window_items import WindowItem
from ops.history.asked import Readings, asked_of
from ops.replay.history_replay import HistoryReplay, Watcher
from ops.replay.trace import datapoints, packed
from tests.support.replays import DEPLOYMENT, TIMING
from tests.support.rules import a_ratio, a_rule

BEGIN = 1_764_028_800


def windows_of(rule: Rule, points: Sequence[tuple[str, str, int, float]]) -> list[WindowItem]:
    """The windows of points, each of a metric and host, in a minute."""
    kept: list[WindowItem] = []
    replay = HistoryReplay(
        [([rule], Watcher())], DEPLOYMENT, BEGIN, keep=lambda item: kept.append(packed(item))
    )
    metrics = {metric.metric_name: metric for metric in asked_of([rule])}
    for name, host, minute, value in points:
        metric = metrics[name]
        at = (BEGIN + minute * 60) * 10**9 // metric.unit_ns
        replay.add(Readings(metric, "system", (("host", host),), [at], [value]))
    replay.judge_until(BEGIN + 600)
    return kept


def test_each_period_of_the_span_has_its_datapoint_or_none() -> None:
    """Of this group alone, with what the rule thinks of it."""
    rule = a_rule(by=["host"])
    points = [("cpu.load", "a", 1, 1.0), ("cpu.load", "a", 3, 3.0), ("cpu.load", "b", 2, 9.0)]
    found = datapoints(rule, ("a",), windows_of(rule, points), range(BEGIN + 60, BEGIN + 300), TIMING)
    assert [one and (one.value, one.verdict) for one in found] == [
        (1.0, Verdict.RECOVERED), None, (3.0, Verdict.BREACHING), None,
    ]  # fmt: skip


def test_counters_go_on_from_the_period_before() -> None:
    """Also where that is before the span."""
    rule = a_rule(by=["host"], statistic="increase")
    points = [("cpu.load", "a", minute, float(minute * minute)) for minute in range(5)]
    found = datapoints(rule, ("a",), windows_of(rule, points), range(BEGIN + 60, BEGIN + 240), TIMING)
    assert [one and one.value for one in found] == [1.0, 3.0, 5.0]


def test_a_ratio_has_both_sides() -> None:
    """The numerator's groups are the denominator's."""
    rule = read_rule(a_ratio(by=["host"], numerator={"metric_name": "e"}, denominator={"metric_name": "r"}))
    points = [("r", "a", 0, 1.0), ("r", "a", 0, 1.0), ("e", "a", 0, 1.0)]
    found = datapoints(rule, ("a",), windows_of(rule, points), range(BEGIN, BEGIN + 120), TIMING)
    assert [one and one.value for one in found] == [0.5, None]
