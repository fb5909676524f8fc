"""Alerts in their table: guarded writes, an outbox that others work in, and an index of what matters."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.alerts_table import KEPT_SECONDS, AlertsTable
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.outbox import Outbox
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
    [entry] = stored.outbox.entries
    assert (entry.claimed_at_s, entry.confirmed_at_s) == (0, 0)
    note(dynamodb, stored, "claimed_at", 4)
    note(dynamodb, stored, "confirmed_at", 5)
    assert one(table).outbox.entries == (replace(entry, claimed_at_s=4, confirmed_at_s=5),)


def note(dynamodb: Any, stored: StoredAlert, name: str, time_s: int) -> None:
    """What the state machine notes at the only unconfirmed entry."""
    [entry] = stored.outbox.unconfirmed
    dynamodb.update_item(
        TableName=ALERTS,
        Key={"rule_key": {"S": stored.key.rule_key}, "group_key": {"S": stored.key.group_key}},
        UpdateExpression=f"SET outbox.#entry.{name} = :time",
        ExpressionAttributeNames={"#entry": entry.entry_id},
        ExpressionAttributeValues={":time": {"N": str(time_s)}},
    )


def confirm(dynamodb: Any, stored: StoredAlert) -> None:
    """What the state machine does when it has published."""
    note(dynamodb, stored, "confirmed_at", 5)


def test_an_alert_is_read_as_it_was_written_with_its_notification(dynamodb: Any) -> None:
    """State, periods, history and the message on its way come back unchanged."""
    table, update = AlertsTable(dynamodb, ALERTS), step(Alert(RULE.key, ("a",)), 3)
    assert table.save(update, None, NOW)
    stored = one(table)
    assert stored.alert == update.alert
    assert [entry.notification for entry in stored.outbox.entries] == update.notifications
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


def test_an_alert_that_was_written_without_a_word_is_another_one_as_well(dynamodb: Any) -> None:
    """Where no outbox tells them apart, the version does: what was known since is not overwritten."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    newer = step(step(stored.alert, 4, 1).alert, 5, 2)
    assert table.save(newer, stored, NOW)
    assert not table.save(step(stored.alert, 4, 1), stored, NOW)
    assert one(table).alert == newer.alert


def test_a_notification_that_is_confirmed_meanwhile_does_not_disturb_a_writer(dynamodb: Any) -> None:
    """What was on its way when the alert was read stays where it is, and the next one waits until it is free."""
    table = AlertsTable(dynamodb, ALERTS)
    note(dynamodb, fire(table), "claimed_at", NOW)
    stored = one(table)
    confirm(dynamodb, stored)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    after = one(table).outbox
    assert (after.unconfirmed, len(after.entries)) == ((), 1)
    assert after.waiting is not None
    assert after.waiting.body["kind"] == "resolved"
    stored = one(table)
    assert table.save(AlertUpdate(stored.alert, stored.alert), stored, NOW)
    [entry] = one(table).outbox.entries
    assert (entry.notification, one(table).outbox.waiting) == (after.waiting, None)


def test_a_notification_that_is_claimed_meanwhile_is_not_replaced(dynamodb: Any) -> None:
    """A writer that read it as free writes nothing: it decides again, from an outbox in which it is on its way."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    note(dynamodb, stored, "claimed_at", NOW)
    assert not table.save(step(stored.alert, 1, 1), stored, NOW)
    stored = one(table)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    assert one(table).outbox.entries == stored.outbox.entries
    assert one(table).outbox.waiting is not None


def test_a_notification_that_nobody_claimed_is_replaced_by_a_newer_one(dynamodb: Any) -> None:
    """There is one on its way, and it says for how many it stands."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    [entry] = one(table).outbox.entries
    assert (entry.notification.body["kind"], entry.notification.body["untold"]) == ("resolved", 1)
    assert one(table).outbox.waiting is None


def test_what_an_older_version_left_in_an_outbox_becomes_one_notification(dynamodb: Any) -> None:
    """It kept each notification as an entry; the last one that nobody sent is left of them."""
    table = AlertsTable(dynamodb, ALERTS)
    stored = fire(table)
    [item] = dynamodb.scan(TableName=ALERTS)["Items"]
    [(first, entry)] = item["outbox"]["M"].items()
    body = json.loads(entry["M"]["message"]["S"])
    for name in ("alert_id", "sequence", "untold"):
        del body[name]
    for number, kind in enumerate(["reminder", "resolved", "alarm", "reminder"], 1):
        state = "OK" if kind == "resolved" else "ALARM"
        at = f"2025-11-22T00:0{number}:00Z"
        message = json.dumps(body | {"dedupe_id": f"{number:032x}", "kind": kind, "state": state, "at": at})
        item["outbox"]["M"][f"{number:032x}"] = {"M": entry["M"] | {"message": {"S": message}}}
    dynamodb.put_item(TableName=ALERTS, Item=item)
    stored = one(table)
    assert len(stored.outbox.entries) == 5
    update = AlertUpdate(stored.alert, stored.alert)
    assert update.settles(stored, NOW)
    assert table.save(update, stored, NOW)
    [left] = one(table).outbox.entries
    assert (left.notification.body["kind"], left.notification.body["untold"]) == ("alarm", 2)
    assert left.entry_id == f"{3:032x}"
    assert first != left.entry_id


def test_confirmed_notifications_are_removed_with_the_next_write(dynamodb: Any) -> None:
    """The outbox does not grow."""
    table = AlertsTable(dynamodb, ALERTS)
    confirm(dynamodb, fire(table))
    stored = one(table)
    assert table.save(step(stored.alert, 1, 1), stored, NOW)
    assert len(one(table).outbox.entries) == 1
    assert one(table).outbox.unconfirmed == one(table).outbox.entries


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
    assert one(table).outbox == Outbox()
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
