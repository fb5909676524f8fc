"""The function on the stream of rules as Lambda calls it."""

from handlers.adapters.dynamodb.rules_table import item_of
from tests.support.alert_functions import START, AlertFunctions
from tests.support.rules import a_rule


def test_a_deleted_rule_resolves_its_alerts_and_the_next_evaluation_notifies(world: AlertFunctions) -> None:
    """The stream's function ends the alert; its notification is sent although the rule is gone."""
    rule = a_rule(by=["host"])
    world.rule(rule)
    world.post(3.0, dimensions={"host": "a"})
    world.evaluate(START)
    world.delete_rule()
    change = {"SequenceNumber": "1", "OldImage": item_of(rule)}
    assert world.rule_changes.resolve({"Records": [{"dynamodb": change}]}) == {"batchItemFailures": []}
    [resolved] = world.evaluate(START + 60)
    assert (resolved["state"], resolved["reason"]) == ("OK", "the rule was deleted")
    assert world.evaluate(START + 120) == []


def test_a_changed_rule_resolves_its_alerts_and_the_same_rule_again_does_not(world: AlertFunctions) -> None:
    """Only a change of what the rule says ends what it said."""
    rule = a_rule()
    world.rule(rule)
    world.post(3.0)
    world.evaluate(START)
    same = {"SequenceNumber": "1", "OldImage": item_of(rule), "NewImage": item_of(a_rule(in_force_since=9))}
    other = {"SequenceNumber": "2", "OldImage": item_of(rule), "NewImage": item_of(a_rule(threshold=9))}
    world.rule_changes.resolve({"Records": [{"dynamodb": same}]})
    world.rule(a_rule(threshold=9))
    world.rule_changes.resolve({"Records": [{"dynamodb": other}]})
    [resolved] = world.evaluate(START + 60)
    assert resolved["reason"] == "the rule was changed"


def test_images_that_are_no_rules_have_no_alerts(world: AlertFunctions) -> None:
    """A rule written for the first time, and an item that never was a rule, are none of this function's business."""
    new = {"SequenceNumber": "1", "NewImage": item_of(a_rule())}
    bad = {"SequenceNumber": "2", "OldImage": {"rule_id": {"S": "x"}}}
    records = [{"dynamodb": change} for change in (new, bad)]
    assert world.rule_changes.resolve({"Records": records}) == {"batchItemFailures": []}
