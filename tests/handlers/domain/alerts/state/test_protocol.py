"""The states of an alert at the edges of M of N, recovery and missing data, one line per case."""

from typing import Any

import pytest

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.rules.reading import rule_document
from handlers.domain.alerts.rules.rule import MissingData
from handlers.domain.alerts.state.alert import (
    HISTORY_ENTRIES,
    Alert,
    Datapoint,
    Verdict,
)
from handlers.domain.alerts.state.finding import CLEARED_BY, Finding
from handlers.domain.alerts.state.protocol import TABLE, close, decide
from handlers.domain.alerts.state.transition import Kind
from handlers.domain.alerts.state.verdicts import VERDICT_WITHOUT_DATA
from handlers.vocabulary import AlertState
from tests.support.alert_pipeline import START, an_aggregate, walk
from tests.support.rules import a_rule

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
    (
        "zero: traffic that stops is below its threshold, by the default of counts",
        {"statistic": "count", "operator": "<", "threshold": 1, "datapoints": 2},
        [3, N, N, 3],
        "O P A O",
    ),
    ("zero: nothing adds up to nothing", {"statistic": "sum", "operator": ">", "threshold": 2}, [3, N], "A O"),
    ("missing and breaching do not add up", {"missing_data": "missing", "datapoints": 2}, [3, N, 3, N], "P P P P"),
    ("equality is exact", {"operator": "==", "threshold": 0.3}, [0.1, 0.3], "O A"),
    ("a range includes its bounds", {"operator": "inside", "threshold": [1, 2]}, [0.9, 1, 2, 2.1], "O A A O"),
    ("outside a range excludes its bounds", {"operator": "outside", "threshold": [1, 2]}, [0.9, 1, 2, 2.1], "A O O A"),
    ("hold: it goes on for so long after its last breach", {"hold": 180}, [3, 1, 1, 1, 1], "A A A O O"),
    ("hold: rounded up to the end of a period", {"hold": 121}, [3, 1, 1, 1], "A A A O"),
    ("hold: a period that breaches again holds anew", {"hold": 120}, [3, 1, 3, 1, 1, 1], "A A A A O O"),
    ("hold: no longer than the recovery changes nothing", {"hold": 60}, [3, 1, 3, 1], "A O A O"),
    (
        "hold: recovery comes on top",
        {"hold": 120, "recovery": {"datapoints": 3}},
        [3, 1, 1, 1, 1],
        "A A A O O",
    ),
    (
        "hold: one breach of M of N holds, though it alone would not fire",
        {"hold": 180, "datapoints": "2 of 3"},
        [3, 3, 1, 1, 3, 1, 1, 1],
        "P A A A A A A O",
    ),
    (
        "hold: what lies between the thresholds holds nothing",
        {"hold": 120, "threshold": 5, "recovery": {"threshold": 3}},
        [6, 4, 4, 2],
        "A A A O",
    ),
    ("hold: with ignore silence lets it pass", {"hold": 180, "missing_data": "ignore"}, [3, 1, N, N, N], "A A A O O"),
    ("hold: with ignore silence alone recovers nothing", {"hold": 120, "missing_data": "ignore"}, [3, N, N], "A A A"),
    (
        "hold: with ignore what it recovered by is known until it is over",
        {"hold": 7_200, "missing_data": "ignore"},
        [3, 1, *[N] * 119],
        "A " * 120 + "O",
    ),
    ("hold: with not breaching silence recovers", {"hold": 120, "missing_data": "not_breaching"}, [3, N, N], "A A O"),
    ("hold: with breaching silence holds", {"hold": 120, "missing_data": "breaching"}, [3, N, 1, 1], "A A A O"),
    ("hold: what was missing is held", {"hold": 120, "missing_data": "missing"}, [1, N, 1, 1], "O M M O"),
    (
        "hold: missing and alarm are one alert that is held",
        {"hold": 120, "missing_data": "missing"},
        [3, 1, N, 1, 3, 1, 1],
        "A A M M A A O",
    ),
    ("hold: what does not fire is not held", {"hold": 600, "datapoints": 2}, [3, 1, 1], "P P O"),
    ("what an alert was resolved from leaves no doubt", {"datapoints": "2 of 4"}, [3, 1, 1, 3, 1, 1], "P P P A O O"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "values", "states"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_states(fields: dict[str, Any], values: list[float | None], states: str) -> None:
    """Each sequence of values leads through exactly these states."""
    assert [state[0] for state in walk(a_rule(**fields), values)[1]] == states.split()


REMEMBERED: dict[Finding, list[Verdict]] = {
    Finding.NOTHING: [],
    Finding.BREACHING: [Verdict.BREACHING, Verdict.BREACHING],
    Finding.MISSING: [Verdict.MISSING, Verdict.RECOVERED, Verdict.MISSING],
    Finding.UNSETTLED: [Verdict.RECOVERED, Verdict.BREACHING],
    Finding.CLEAR: [Verdict.RECOVERED] * 3,
}


@pytest.mark.parametrize("finding", Finding)
@pytest.mark.parametrize("state", AlertState)
def test_every_cell_of_the_table_is_what_happens(state: AlertState, finding: Finding) -> None:
    """An alert in each state, with datapoints of each finding, goes to the table's state and makes its transition."""
    rule = a_rule(datapoints="2 of 3", recovery={"datapoints": 2}, missing_data="missing", renotify=60)
    verdicts = REMEMBERED.get(finding, [Verdict.BREACHING])
    datapoints = tuple(Datapoint(START + 60 * number, verdict) for number, verdict in enumerate(verdicts))
    alert = Alert(rule.key, (), rule=rule_document(rule), state=state, since_s=7, datapoints=datapoints)
    if finding is Finding.ENDED:
        decision = close(alert, "the rule was deleted", START + 180, notify_on_resolve=True)
    else:
        decision = decide(rule, alert, [], START + 120, START + 180)
    next_state, kind = TABLE[state][finding]
    transition = decision.transition
    assert decision.alert.state is next_state
    assert (None if transition is None else transition.kind) is kind
    if transition is not None:
        assert (transition.previous_state, transition.state) == (state, next_state)
        assert transition.notify == (kind is not Kind.SILENT)
        assert decision.alert.notified_at_s == (START + 180 if transition.notify else 0)
        assert [entry["kind"] for entry in decision.alert.history] == [str(kind)] * (
            kind is not Kind.REMINDER
        )
    assert (decision.alert.since_s != 7) == (next_state is not state or finding is Finding.ENDED)


def test_the_table_has_a_cell_for_every_state_and_finding() -> None:
    """A new state or finding without its cells would end an evaluation when it is met."""
    assert {state: set(cells) for state, cells in TABLE.items()} == {
        state: set(Finding) for state in AlertState
    }
    assert {*VERDICT_WITHOUT_DATA, MissingData.ZERO} == set(MissingData)
    assert set(CLEARED_BY) == {state for state in AlertState if state.is_firing}


def test_an_alarm_notifies_once_and_when_it_is_over() -> None:
    """A long alarm is one notification, its end another."""
    assert walk(a_rule(), [1, 3, 3, 3, 1, 1])[2] == ["1:alarm", "4:resolved"]


def test_the_end_notifies_nothing_if_the_rule_says_so() -> None:
    """Without notify_on_resolve, only the alarm notifies."""
    assert walk(a_rule(notify_on_resolve=False), [3, 1])[2] == ["0:alarm"]


def test_a_lasting_alarm_is_repeated_at_its_interval() -> None:
    """Reminders come every `renotify` seconds after the last notification, as long as the alarm lasts."""
    notified = walk(a_rule(renotify=120), [3, 3, 3, 3, 3, 1, 1, 1])[2]
    assert notified == ["0:alarm", "2:reminder", "4:reminder", "5:resolved"]


def test_a_period_evaluated_again_can_end_or_begin_an_alarm_and_says_it_came_late() -> None:
    """A late datapoint takes the place of the one that was known, and the transition is marked."""
    rule = a_rule()
    alert, _, _ = walk(rule, [1, 3])
    corrected = evaluate_datapoint(rule, START + 60, an_aggregate(3, 0, 0, late=True))
    assert corrected is not None
    decision = decide(rule, alert, [corrected], START + 60, START + 180)
    transition = decision.transition
    assert transition is not None
    assert (transition.kind, transition.late, transition.value) == ("resolved", True, 1.0)
    assert [item.start_s for item in decision.alert.datapoints] == [START + 60]


def test_the_history_keeps_the_datapoints_of_the_last_transitions() -> None:
    """Each entry says from where to where, why, by which values, threshold and sources; only the last ones stay."""
    alert, _, _ = walk(a_rule(), [3, 1] * 20)
    assert len(alert.history) == HISTORY_ENTRIES
    last = alert.history[-2]
    assert (last["from"], last["to"], last["threshold"]) == ("OK", "ALARM", 2.0)
    assert last["periods"][-1] == {
        "start": START + 38 * 60, "verdict": "breaching", "value": 3.0, "count": 1, "late": False,
        "sources": ["s-0#1-2#1/1"],
    }  # fmt: skip
    assert "avg of cpu.load is 3 in the period of 60 s since" in last["reason"]


def test_the_same_arguments_give_the_same_decision() -> None:
    """Two evaluations of one transition agree in every field, so that only one of them can be written."""
    rule = a_rule()
    datapoints = [Datapoint(START, Verdict.BREACHING, 3.0)]
    alert = Alert(rule.key, ())
    assert decide(rule, alert, datapoints, START, START + 60) == decide(
        rule, alert, datapoints, START, START + 60
    )


@pytest.mark.parametrize(
    ("values", "notified"), [([3], ["resolved"]), ([1], []), ([3, 1], [])], ids=["alarm", "ok", "resolved"]
)
def test_an_alert_whose_rule_is_gone_is_resolved(values: list[float | None], notified: list[str]) -> None:
    """What fires is ended with the reason, what does not is forgotten in silence."""
    alert, _, _ = walk(a_rule(), values)
    decision = close(alert, "the rule was deleted", START + 600, notify_on_resolve=True)
    transitions = [] if decision.transition is None else [decision.transition]
    assert [str(item.kind) for item in transitions] == notified
    assert decision.alert.state == "OK"
    assert decision.alert.datapoints == ()
    assert all(item.reason == "the rule was deleted" for item in transitions)
