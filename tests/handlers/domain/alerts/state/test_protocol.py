"""The states of an alert at the edges of M of N, recovery and missing data, one line per case."""

from collections.abc import Sequence
from typing import Any

import pytest

from handlers.domain.alerts.evaluation.datapoint import judge
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.alert import HISTORY, Alert, Judged
from handlers.domain.alerts.state.protocol import close, decide
from handlers.domain.alerts.windows.aggregation import GroupedSets
from handlers.domain.alerts.windows.statistic_set import StatisticSet
from handlers.domain.alerts.windows.window_aggregates import GroupEvidence, PeriodEvidence
from tests.support.rules import a_rule

START = 1_763_769_600


def evidence(*values: float, late: bool = False) -> PeriodEvidence:
    """A period in which the one group had these values, or none."""
    if not values:
        return PeriodEvidence()
    return PeriodEvidence({(): GroupEvidence(StatisticSet.of(values), ["s-0#1-2#1/1"], late)})


def walk(rule: Rule, values: Sequence[float | None]) -> tuple[Alert, list[str], list[str]]:
    """The alert after one period per value (None is missing), its states, and what people were told."""
    alert, states, told = Alert(rule.key, ()), [], []
    for number, value in enumerate(values):
        start = START + number * rule.period
        found = judge(rule, start, evidence() if value is None else evidence(value), ())
        decision = decide(rule, alert, [] if found is None else [found], start, start + rule.period)
        alert = decision.alert
        states.append(str(alert.state))
        told += [f"{number}:{item.kind}" for item in decision.transitions if item.kind != "silent"]
    return alert, states, told


N = None
CASES: list[tuple[str, dict[str, Any], list[float | None], str]] = [
    ("one datapoint fires at once and resolves at once", {}, [1, 3, 3, 2, 1], "O A A O O"),
    ("two of two need two in a row", {"datapoints": 2}, [3, 1, 3, 3, 1], "P P P A O"),
    ("three of five count with gaps between", {"datapoints": "3 of 5"}, [3, 1, 3, 1, 3, 1, 1], "P P P P A O O"),
    ("a datapoint older than N does not count", {"datapoints": "2 of 3"}, [3, 1, 1, 3, 1, 3], "P P P P P A"),
    ("recovery waits for its datapoints in a row", {"recovery": {"datapoints": 2}}, [3, 1, 3, 1, 1], "A A A A O"),
    (
        "between the thresholds an alarm stays and does not begin",
        {"threshold": 5, "recovery": {"threshold": 3}},
        [4, 6, 4, 4, 3, 4],
        "O A A A O O",
    ),
    (
        "M of N must be undone as well as recovery reached",
        {"datapoints": "1 of 3", "recovery": {"datapoints": 1}},
        [3, 1, 1, 1],
        "A A A O",
    ),
    ("ignored: missing data changes nothing", {"missing_data": "ignore"}, [N, 3, N, N, 1, N], "O A A A O O"),
    ("ignored: datapoints on both sides of a gap belong together", {"datapoints": 2}, [3, N, N, 3], "P P P A"),
    ("breaching: missing data fires", {"missing_data": "breaching", "datapoints": 2}, [1, N, N, 1], "O P A O"),
    ("breaching: data and its absence add up", {"missing_data": "breaching", "datapoints": 2}, [3, N, 1], "P A O"),
    ("not breaching: missing data resolves", {"missing_data": "not_breaching"}, [3, N, 3], "A O A"),
    ("missing: its own state, and back", {"missing_data": "missing"}, [1, N, N, 1], "O M M O"),
    ("missing: needs its datapoints", {"missing_data": "missing", "datapoints": 2}, [1, N, 1, N, N, 1], "O P P P M O"),
    ("missing: an alarm can go missing and come back", {"missing_data": "missing"}, [3, N, 3, N, 1], "A M A M O"),
    (
        "missing: data between the thresholds is data",
        {"missing_data": "missing", "threshold": 5, "recovery": {"threshold": 3}},
        [N, 4],
        "M O",
    ),
    ("missing and breaching do not add up", {"missing_data": "missing", "datapoints": 2}, [3, N, 3, N], "P P P P"),
    ("equality is exact", {"operator": "==", "threshold": 0.3}, [0.1, 0.3], "O A"),
    ("a range includes its bounds", {"operator": "inside", "threshold": [1, 2]}, [0.9, 1, 2, 2.1], "O A A O"),
    ("outside a range excludes its bounds", {"operator": "outside", "threshold": [1, 2]}, [0.9, 1, 2, 2.1], "A O O A"),
    ("what an alert was resolved from leaves no doubt", {"datapoints": "2 of 4"}, [3, 1, 1, 3, 1, 1], "P P P A O O"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "values", "states"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_states(fields: dict[str, Any], values: list[float | None], states: str) -> None:
    """Each sequence of values leads through exactly these states."""
    assert [state[0] for state in walk(a_rule(**fields), values)[1]] == states.split()


def test_people_are_told_once_and_when_it_is_over() -> None:
    """A long alarm is one notification, its end another."""
    assert walk(a_rule(), [1, 3, 3, 3, 1, 1])[2] == ["1:alarm", "4:resolved"]


def test_nobody_is_told_of_the_end_if_the_rule_says_so() -> None:
    """Without notify_on_resolve, only the alarm is told."""
    assert walk(a_rule(notify_on_resolve=False), [3, 1])[2] == ["0:alarm"]


def test_a_lasting_alarm_is_repeated_at_its_interval() -> None:
    """Reminders come every `renotify` seconds after the last notification, as long as the alarm lasts."""
    told = walk(a_rule(renotify=120), [3, 3, 3, 3, 3, 1, 1, 1])[2]
    assert told == ["0:alarm", "2:reminder", "4:reminder", "5:resolved"]


def test_a_period_judged_again_can_end_or_begin_an_alarm_and_says_it_came_late() -> None:
    """Late evidence takes the place of what was known, and the transition is marked."""
    rule = a_rule()
    alert, _, _ = walk(rule, [1, 3])
    corrected = judge(rule, START + 60, evidence(3, 0, 0, late=True), ())
    assert corrected is not None
    decision = decide(rule, alert, [corrected], START + 60, START + 180)
    [transition] = decision.transitions
    assert (transition.kind, transition.late, transition.value) == ("resolved", True, 1.0)
    assert [item.start for item in decision.alert.periods] == [START + 60]


def test_the_history_keeps_the_evidence_of_the_last_transitions() -> None:
    """Each entry says from where to where, why, by which values, threshold and partials; only the last ones stay."""
    alert, _, _ = walk(a_rule(), [3, 1] * 20)
    assert len(alert.history) == HISTORY
    last = alert.history[-2]
    assert (last["from"], last["to"], last["threshold"]) == ("OK", "ALARM", 2.0)
    assert last["periods"][-1] == {
        "start": START + 38 * 60, "verdict": "breaching", "value": 3.0, "count": 1, "late": False,
        "sources": ["s-0#1-2#1/1"],
    }  # fmt: skip
    assert "avg of cpu.load is 3 in 1 of the last 1 periods of 60 s, where > 2 breaches" in last["reason"]


def test_the_same_arguments_give_the_same_decision() -> None:
    """Two evaluations of one transition agree in every field, so that only one of them can be written."""
    rule = a_rule()
    judged = [Judged(START, "breaching", 3.0)]  # type: ignore[arg-type]
    alert = Alert(rule.key, ())
    assert decide(rule, alert, judged, START, START + 60) == decide(rule, alert, judged, START, START + 60)


@pytest.mark.parametrize(
    ("values", "told"), [([3], ["resolved"]), ([1], []), ([3, 1], [])], ids=["alarm", "ok", "resolved"]
)
def test_an_alert_whose_rule_is_gone_is_resolved(values: list[float | None], told: list[str]) -> None:
    """What fires is ended with the reason, what does not is forgotten in silence."""
    alert, _, _ = walk(a_rule(), values)
    decision = close(alert, "the rule was deleted", START + 600, notify_on_resolve=True)
    assert [str(item.kind) for item in decision.transitions] == told
    assert decision.alert.state == "OK"
    assert decision.alert.periods == ()
    assert all(item.reason == "the rule was deleted" for item in decision.transitions)


def test_a_rule_in_force_since_the_middle_of_a_period_judges_only_what_a_share_can_say() -> None:
    """Missing data, sums and counts of a share say nothing, unless more points could not undo the breach."""
    late_rule = {"in_force_since": START + 30}
    partial = evidence(3, 4)
    assert judge(a_rule(**late_rule, missing_data="breaching"), START, evidence(), ()) is None
    assert judge(a_rule(**late_rule, statistic="sum", operator="<", threshold=10), START, partial, ()) is None
    assert (
        judge(a_rule(**late_rule, statistic="count", operator="<", threshold=10), START, partial, ()) is None
    )
    assert judge(a_rule(**late_rule, statistic="sum", threshold=6), START, evidence(-1, 9), ()) is None
    for fields in (
        {"statistic": "sum", "threshold": 6},
        {"statistic": "count", "threshold": 1},
        {"statistic": "avg"},
    ):
        found = judge(a_rule(**late_rule, **fields), START, partial, ())
        assert found is not None
        assert found.verdict == "breaching"
    full = judge(a_rule(**late_rule, statistic="sum", operator="<", threshold=10), START + 60, partial, ())
    assert full is not None


def test_groups_beyond_the_cap_are_unknown_and_not_missing() -> None:
    """A group that a cap keeps out changes no state, whatever the rule says of missing data."""
    period = PeriodEvidence(dict(evidence(1).groups), dropped=1, last_kept=b"")
    assert judge(a_rule(missing_data="breaching", by=["host"]), START, period, ("z",)) is None
    assert GroupedSets({}).dropped == 0


def test_a_period_that_was_over_before_its_rule_says_nothing() -> None:
    """Late points, or a tick that is evaluated again, would fire a rule by what came before it."""
    evidence = PeriodEvidence({("a",): GroupEvidence(StatisticSet.of([9.0]))})
    over = a_rule(by=["host"], in_force_since=START + 60)
    assert judge(over, START, evidence, ("a",)) is None
    assert judge(a_rule(by=["host"], in_force_since=START + 59), START, evidence, ("a",)) is not None
