"""The function on the stream of rules as Lambda calls it."""

from typing import Any

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.rule import Rule
from tests.support.alert_functions import START, AlertFunctions
from tests.support.rules import a_rule


def follow(world: AlertFunctions, old: Rule | None, new: Rule | None) -> None:
    """Brings the function a change of a rule, as the table's stream does."""
    change: dict[str, Any] = {"SequenceNumber": "1"}
    change |= {} if old is None else {"OldImage": item_of(old)}
    change |= {} if new is None else {"NewImage": item_of(new)}
    assert world.rule_changes.resolve({"Records": [{"dynamodb": change}]}) == {"batchItemFailures": []}


def test_a_deleted_rule_resolves_its_alerts_and_the_next_evaluation_notifies(world: AlertFunctions) -> None:
    """The stream's function ends the alert; its notification is sent although the rule is gone."""
    rule = a_rule(by=["host"])
    world.rule(rule)
    world.post(3.0, dimensions={"host": "a"})
    world.evaluate(START)
    world.delete_rule()
    follow(world, rule, None)
    [resolved] = world.evaluate(START + 60)
    assert (resolved["state"], resolved["reason"]) == ("OK", "the rule was deleted")
    assert world.evaluate(START + 120) == []


def test_another_condition_resolves_alerts_and_other_words_do_not(world: AlertFunctions) -> None:
    """A rule that says the same in other words, or louder, goes on with its alerts, and tells of them in its words."""
    rule = a_rule(severity="low")
    world.rule(rule)
    world.post(3.0)
    world.evaluate(START)
    louder = a_rule(severity="critical", annotation="too hot", renotify=60)
    world.rule(louder)
    follow(world, rule, louder)
    world.post(3.0, position=1)
    [reminder] = world.evaluate(START + 60)
    assert (reminder["kind"], reminder["severity"], reminder["annotation"]) == (
        "reminder",
        "critical",
        "too hot",
    )
    world.rule(a_rule(threshold=9))
    follow(world, louder, a_rule(threshold=9))
    [resolved] = world.evaluate(START + 120)
    assert (resolved["reason"], resolved["severity"]) == ("the rule was changed", "critical")


def test_a_rule_that_ends_while_it_is_evaluated_fires_no_more(world: AlertFunctions) -> None:
    """Between the plan and the evaluation it is deleted, or changed: its end is told, and nothing after it."""
    for number, successor in enumerate([None, a_rule(threshold=1, in_force_since=START + 1_200)]):
        rule = a_rule(in_force_since=number)
        world.rule(rule)
        start = START + 600 * number
        world.now_s = start + 5.0
        world.post(3.0, position=10 * number)
        assert [body["kind"] for body in world.evaluate(start)] == ["alarm"]
        world.post(4.0, position=10 * number + 1)
        plan = world.step("plan", input={"source": "batch", "tick": start + 60})
        key = {"metric_name": {"S": "cpu.load"}, "rule_id": {"S": "cpu-hot"}}
        world.dynamodb.delete_item(TableName="AlertRulesTable", Key=key)
        if successor is not None:
            world.dynamodb.put_item(TableName="AlertRulesTable", Item=item_of(successor))
        follow(world, rule, successor)
        world.now_s += plan["wait_seconds"]
        told, _ = world.carry_out(plan)
        assert [body["kind"] for body in told] == ["resolved"]
        assert world.evaluate(start + 120) == []


def test_a_change_that_is_heard_of_late_leaves_the_alerts_of_the_new_rule_alone(
    world: AlertFunctions,
) -> None:
    """The evaluation has ended the old rule's alert itself, and the new rule fires."""
    old, new = a_rule(), a_rule(threshold=1, in_force_since=START + 60)
    world.rule(old)
    world.post(3.0)
    world.evaluate(START)
    world.rule(new)
    world.post(3.0, position=1)
    assert [(body["kind"], body["threshold"]) for body in world.evaluate(START + 60)] == [("alarm", 1.0)]
    follow(world, old, new)
    follow(world, old, None)
    world.post(3.0, position=2)
    assert world.evaluate(START + 120) == []
    [stored] = world.alerts().load(world.alerts().open_keys())
    assert stored.alert.state == "ALARM"


def test_a_silent_group_is_missed_again_under_the_changed_rule(world: AlertFunctions) -> None:
    """A host that was dead before is dead after: it is told again, after as many periods as the new rule says."""
    old = a_rule(by=["host"], missing_data="missing", datapoints=1)
    world.rule(old)
    world.post(1.0, dimensions={"host": "a"})
    world.evaluate(START)
    assert [body["kind"] for body in world.evaluate(START + 60)] == ["missing"]
    new = a_rule(
        by=["host"],
        missing_data="missing",
        datapoints=2,
        in_force_since=START + 140,
        groups_since=old.groups_since_s,
    )
    world.rule(new)
    follow(world, old, new)
    kinds = {
        number: [body["kind"] for body in world.evaluate(START + 60 * number)] for number in (2, 3, 4, 5)
    }
    assert kinds == {2: ["resolved"], 3: [], 4: ["missing"], 5: []}


def test_images_that_are_no_rules_have_no_alerts(world: AlertFunctions) -> None:
    """A rule written for the first time, and an item that never was a rule, are none of this function's business."""
    new = {"SequenceNumber": "1", "NewImage": item_of(a_rule())}
    bad = {"SequenceNumber": "2", "OldImage": {"rule_id": {"S": "x"}}}
    records = [{"dynamodb": change} for change in (new, bad)]
    assert world.rule_changes.resolve({"Records": records}) == {"batchItemFailures": []}
