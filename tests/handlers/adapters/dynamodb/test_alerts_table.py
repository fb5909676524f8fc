"""Alerts in their table: guarded writes, an outbox that others work in, and an index of what matters."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.alerts_table import KEPT_SECONDS, AlertsTable
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from handlers.domain.errors import TransientError
from tests.support.alert_tables import ALERTS, create_alert_tables
from tests.support.rules import a_rule

START = 1_763_769_600
NOW = START + 71
RULE = a_rule(by=["host"])
ORIGIN = Origin("us-east-1", "dev")


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """Empty tables."""
    with mock_aws():
        create_alert_tables()
        yield boto3.client("dynamodb")


def step(alert: Alert, value: float, number: int = 0) -> AlertUpdate:
    """What one period of a group changes."""
    start = START + 60 * number
    verdict = Verdict.BREACHING if value > 2 else Verdict.RECOVERED
    update = AlertUpdate(alert, alert)
    update.apply(decide(RULE, alert, [Datapoint(start, verdict, value, 1)], start, start + 60), RULE, ORIGIN)
    return update


def fire(table: AlertsTable, host: str = "a") -> StoredAlert:
    """A stored alert that fires."""
    assert table.save(step(Alert(RULE.key, (host,)), 3), None, NOW)
    return one(table, host)


def one(table: AlertsTable, host: str = "a") -> StoredAlert:
    """The stored alert of a host."""
    [stored] = table.load([AlertKey(RULE.key, f'["{host}"]')])
    return stored


def test_an_entry_is_read_with_its_claim_and_its_confirmation(dynamodb: Any) -> None:
    """What the state machine notes in an outbox comes back with the notification."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    [entry] = stored.outbox.values()
    assert (entry.claimed_at_s, entry.confirmed_at_s) == (0, 0)
    dynamodb.update_item(
        TableName=ALERTS,
        Key={"rule_key": {"S": stored.key.rule_key}, "group_key": {"S": stored.key.group_key}},
        UpdateExpression="SET outbox.#entry.claimed_at = :claimed",
        ExpressionAttributeNames={"#entry": entry.entry_id},
        ExpressionAttributeValues={":claimed": {"N": "4"}},
    )
    confirm(dynamodb, stored)
    assert list(one(table).outbox.values()) == [replace(entry, claimed_at_s=4, confirmed_at_s=5)]


def confirm(dynamodb: Any, stored: StoredAlert) -> None:
    """What the state machine does with the only entry."""
    [entry_id] = [name for name, entry in stored.outbox.items() if not entry.confirmed_at_s]
    dynamodb.update_item(
        TableName=ALERTS,
        Key={"rule_key": {"S": stored.key.rule_key}, "group_key": {"S": stored.key.group_key}},
        UpdateExpression="SET outbox.#entry.confirmed_at = :now",
        ExpressionAttributeNames={"#entry": entry_id},
        ExpressionAttributeValues={":now": {"N": "5"}},
    )


def test_an_alert_is_read_as_it_was_written_with_its_notification(dynamodb: Any) -> None:
    """State, periods, history and the message on its way come back unupdate."""
    table, update = AlertsTable(dynamodb, ALERTS), step(Alert(RULE.key, ("a",)), 3)
    assert table.save(update, None, NOW)
    stored = one(table)
    assert stored.alert == update.alert
    assert [entry.notification for entry in stored.outbox.values()] == update.notifications
    assert table.open_keys() == [stored.key]


def test_of_two_that_create_an_alert_one_succeeds(dynamodb: Any) -> None:
    """The second finds the item there and writes nothing."""
    table = AlertsTable(dynamodb, ALERTS)
    fire(table)
    assert not table.save(step(Alert(RULE.key, ("a",)), 3), None, NOW)


def test_of_two_that_change_an_alert_one_succeeds(dynamodb: Any) -> None:
    """A function that read an older version writes nothing, and so notifies nothing."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    update = step(stored.alert, 1, 1)
    assert table.save(update, stored, NOW)
    assert not table.save(update, stored, NOW)
    assert one(table).version == stored.version + 1


def test_confirming_a_notification_does_not_disturb_a_writer(dynamodb: Any) -> None:
    """The state machine works in the outbox while an evaluation writes the alert; neither undoes the other."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    confirm(dynamodb, stored)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    after = one(table)
    assert len(after.outbox) == 2
    assert len(after.unconfirmed) == 1


def test_confirmed_notifications_are_removed_with_the_next_write(dynamodb: Any) -> None:
    """The outbox does not grow."""
    table = AlertsTable(dynamodb, ALERTS)
    confirm(dynamodb, fire(table))
    stored = one(table)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    assert set(one(table).outbox) & set(stored.outbox) == set()


def test_an_alert_stays_open_until_its_last_notification_is_confirmed(dynamodb: Any) -> None:
    """A resolved alert is looked at until it was notified; then it only explains itself, and goes after a month."""
    table = AlertsTable(dynamodb, ALERTS)
    confirm(dynamodb, fire(table))
    stored = one(table)
    table.save(step(stored.alert, 1, 1), stored, NOW)
    assert len(table.open_keys()) == 1
    confirm(dynamodb, one(table))
    stored = one(table)
    assert stored.alert.is_quiet
    assert table.save(AlertUpdate(stored.alert, stored.alert), stored, NOW)
    assert table.open_keys() == []
    [item] = dynamodb.scan(TableName=ALERTS)["Items"]
    assert int(item["expires_at"]["N"]) == NOW + KEPT_SECONDS
    assert one(table).outbox == {}
    assert table.of_rule(RULE.key) == [stored.key]


def test_an_alert_that_fires_again_does_not_expire(dynamodb: Any) -> None:
    """Being open takes the expiry away."""
    table = AlertsTable(dynamodb, ALERTS)
    confirm(dynamodb, fire(table))
    stored = one(table)
    table.save(step(stored.alert, 1, 1), stored, NOW)
    confirm(dynamodb, one(table))
    stored = one(table)
    table.save(AlertUpdate(stored.alert, stored.alert), stored, NOW)
    stored = one(table)
    assert table.save(step(stored.alert, 3, 2), stored, NOW)
    [item] = dynamodb.scan(TableName=ALERTS)["Items"]
    assert "expires_at" not in item
    assert "open" in item


def test_many_alerts_are_loaded_and_listed(dynamodb: Any) -> None:
    """More alerts than one request returns are read in several."""
    table = AlertsTable(dynamodb, ALERTS)
    for number in range(130):
        table.save(step(Alert(RULE.key, (f"h{number}",)), 3), None, NOW)
    keys = table.open_keys()
    assert keys == sorted(keys)
    assert len(table.load(keys)) == len(keys) == 130


def test_alerts_that_stay_unread_are_a_failure(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open alert that is taken for none would miss a period, so the evaluation must be tried again instead."""
    table = AlertsTable(dynamodb, ALERTS)
    fire(table)
    keys = [{"rule_key": {"S": RULE.key}, "group_key": {"S": '["a"]'}}]
    refused = {"Responses": {}, "UnprocessedKeys": {ALERTS: {"Keys": keys}}}
    monkeypatch.setattr(dynamodb, "batch_get_item", lambda **_: refused)
    with pytest.raises(TransientError, match="1 alerts could not be read"):
        one(table)
