"""A rule evaluated for all its groups: what is written, what notifies, and what costs nothing."""

import json

from handlers.domain.alerts.evaluation.endings import RULE_DELETED, close_alert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.cuts import BatchRange
from tests.support.alert_pipeline import ORIGIN, Pipeline, a_point
from tests.support.rules import a_rule

TIMING = Timing()
START = 1_763_769_600
SOURCE = BatchRange("s-0", 1, 10)


def test_healthy_groups_cost_no_write() -> None:
    """Groups that never breach have no item, however many intervals they are evaluated in."""
    pipeline = Pipeline([a_rule(by=["host"])], TIMING)
    for number in range(4):
        start = START + 60 * number
        pipeline.write(
            [a_point(start, 1.0, host=f"h{n}") for n in range(50)], BatchRange("s", number, number), start
        )
        pipeline.evaluate(start)
    assert pipeline.alerts == {}


def test_a_group_that_recovered_is_written_until_nothing_of_it_counts_and_then_no_more() -> None:
    """The item keeps up while a breach is among the last N, and rests afterwards."""
    pipeline = Pipeline([a_rule(datapoints="1 of 2")], TIMING)
    written = []
    for number, value in enumerate([3.0, 1.0, 1.0, 1.0, 1.0]):
        start = START + 60 * number
        pipeline.write([a_point(start, value)], BatchRange("s", number, number), start)
        before = len(pipeline.updates)
        pipeline.evaluate(start)
        written.append(len(pipeline.updates) - before)
    assert written == [1, 1, 1, 0, 0]


def test_each_group_has_its_own_alert() -> None:
    """One breaching group fires alone; points without the dimension are a group of their own."""
    pipeline = Pipeline([a_rule(by=["host", "disk"])], TIMING)
    points = [
        a_point(START, 3.0, host="a"), a_point(START, 1.0, host="b"), a_point(START, 9.0), a_point(START, 1.0, disk="x")
    ]  # fmt: skip
    pipeline.write(points, SOURCE, START)
    pipeline.evaluate(START)
    assert {group for _, group, _ in pipeline.transitions} == {("a", None), (None, None)}


def test_match_and_type_decide_what_a_rule_sees() -> None:
    """Points that do not match a rule's dimensions, type or name are none of its business."""
    rules = [
        a_rule(match={"env": ["prod", "stage"]}, rule_id="env"),
        a_rule(metric_type="system", rule_id="type"),
        a_rule(metric_name="other", rule_id="name"),
    ]
    pipeline = Pipeline(rules, TIMING)
    pipeline.write([a_point(START, 9.0, env="dev"), a_point(START, 9.0)], SOURCE, START)
    pipeline.evaluate(START)
    assert pipeline.transitions == []
    pipeline.write([a_point(START + 60, 9.0, env="stage", kind="system")], SOURCE, START + 60)
    pipeline.evaluate(START + 60)
    assert sorted(rule for rule, _, _ in pipeline.transitions) == ["env", "type"]


def test_a_late_item_is_marked_in_the_alert_and_the_notification() -> None:
    """Points that come after the grace fire in the next interval, and everything says that they were late."""
    pipeline = Pipeline([a_rule()], TIMING)
    pipeline.write([a_point(START, 1.0)], SOURCE, START)
    pipeline.evaluate(START)
    pipeline.write([a_point(START + 1, 9.0)], BatchRange("s-0", 11, 11), START + 60 + TIMING.grace_s + 2)
    pipeline.evaluate(START + 60)
    [(_, _, transition)] = pipeline.transitions
    assert (transition.kind, transition.late, transition.value) == ("alarm", True, 5.0)
    [alert] = pipeline.alerts.values()
    assert [item.late for item in alert.datapoints] == [True]
    assert json.loads(pipeline.updates[-1].notifications[0].message)["late"] is True


def test_a_group_of_another_by_is_resolved_and_no_more() -> None:
    """A rule without `by` has one group, known from the start; those that it had with `by` do not go missing."""
    pipeline = Pipeline([a_rule(by=["host"])], TIMING)
    pipeline.write([a_point(START, 9.0, host="a")], SOURCE, START)
    pipeline.evaluate(START)
    pipeline.rules = [a_rule(missing_data="missing")]
    for number in range(1, 4):
        pipeline.evaluate(START + 60 * number)
    found = [(group, str(item.kind)) for _, group, item in pipeline.transitions]
    assert found == [(("a",), "alarm"), (("a",), "resolved"), ((), "missing")]


def test_a_rule_that_changed_resolves_its_alert_and_starts_anew() -> None:
    """The alarm of the old rule is resolved in its words, and the new rule counts from its own first period."""
    pipeline = Pipeline([a_rule(severity="low")], TIMING)
    pipeline.write([a_point(START, 3.0)], SOURCE, START)
    pipeline.evaluate(START)
    pipeline.rules = [a_rule(severity="high", threshold=5)]
    pipeline.write([a_point(START + 60, 3.0)], BatchRange("s-0", 11, 12), START + 60)
    pipeline.evaluate(START + 60)
    assert [(str(item.kind), item.reason) for _, _, item in pipeline.transitions][1:] == [
        ("resolved", "the rule was changed")
    ]
    assert json.loads(pipeline.updates[-1].notifications[0].message)["severity"] == "low"


def test_the_alert_of_a_deleted_rule_is_resolved_from_what_its_item_knows() -> None:
    """The rule need not exist any more: the alert keeps what it said."""
    pipeline = Pipeline([a_rule(by=["host"])], TIMING)
    pipeline.write([a_point(START, 3.0, host="a")], SOURCE, START)
    pipeline.evaluate(START)
    [alert] = pipeline.alerts.values()
    update = close_alert(alert, RULE_DELETED, START + 90, ORIGIN)
    [message] = update.notifications
    body = json.loads(message.message)
    assert (body["state"], body["reason"], body["group"]) == ("OK", "the rule was deleted", {"host": "a"})
    assert close_alert(update.alert, RULE_DELETED, START + 99, ORIGIN).notifications == []


def test_intervals_that_were_not_evaluated_are_made_up_for_in_order() -> None:
    """An evaluation of several intervals makes the transitions that each of them would have made."""
    pipeline = Pipeline([a_rule()], TIMING)
    for number, value in enumerate([3.0, 1.0, 3.0]):
        start = START + 60 * number
        pipeline.write([a_point(start, value)], BatchRange("s", number, number), start)
    pipeline.evaluate(START, START + 120)
    assert [str(item.kind) for _, _, item in pipeline.transitions] == ["alarm", "resolved", "alarm"]
    assert [item.at_s for _, _, item in pipeline.transitions] == [START + 60, START + 120, START + 180]


def test_groups_over_the_cap_do_not_disturb_the_others() -> None:
    """With more groups than the cap, those kept are evaluated, those left out neither fire nor go missing."""
    pipeline = Pipeline([a_rule(by=["host"], missing_data="breaching")], TIMING, group_cap=10)
    for number in range(2):
        start = START + 60 * number
        points = [a_point(start, 3.0, host=f"h{n}") for n in range(100)]
        pipeline.write(points, BatchRange("s", number, number), start)
        pipeline.evaluate(start)
    assert len(pipeline.alerts) == 10
    assert {str(item.kind) for _, _, item in pipeline.transitions} == {"alarm"}
    assert len(pipeline.transitions) == 10
