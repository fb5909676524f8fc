"""Pages of notifications: as large as a state's input may be, one notification of each alert, and nothing twice."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import pytest

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.notifications.notification import Origin, notification
from handlers.domain.alerts.notifications.outbox import Entry, Outbox
from handlers.domain.alerts.notifications.pending_notifications import next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from tests.support.rules import a_rule

NOW = 1_763_769_671


def an_alert(number: int, size: int) -> StoredAlert:
    """An alert with an unsent notification of so many bytes."""
    rule = a_rule(by=["host"], annotation="x" * 10)
    breaching = [Datapoint(60, Verdict.BREACHING, 3.0, 1)]
    decision = decide(rule, Alert(rule.key, (f"{number:04d}",)), breaching, 60, 120)
    assert decision.transition is not None
    message = notification(rule, decision.alert, decision.transition, Origin("eu-west-1", "dev"))
    message = replace(message, body={**message.body, "dedupe_id": f"{number:04d}", "reason": "x" * size})
    key = AlertKey("rule/metric", json.dumps([f"{number:04d}"]))
    return StoredAlert(key, decision.alert, 1, Outbox((Entry(message),)))


def pages(alerts: Sequence[StoredAlert]) -> list[list[str]]:
    """The entries of each page, from the first to the last."""
    by_key = {item.key: item for item in alerts}

    def load(keys: Sequence[AlertKey]) -> list[StoredAlert]:
        return [by_key[key] for key in keys if key in by_key]

    found, after, more = [], "", True
    while more:
        page = next_page([*by_key, AlertKey("rule/gone", "[]")], load, after, NOW, PAGE_LIMITS)
        assert page["count"] == len(page["notifications"]) <= PAGE_LIMITS.notifications
        assert page["count"] <= 1 or len(json.dumps(page["notifications"])) < PAGE_LIMITS.bytes + 1_000
        found.append([entry["entry"] for entry in page["notifications"]])
        after, more = page["after"], page["more"]
    return found


@pytest.mark.parametrize(("size", "largest"), [(10, 40), (10_000, 6), (100_000, 1)])
def test_pages_together_hold_each_alert_once(size: int, largest: int) -> None:
    """As many as fit; one that is larger than a page may be is a page."""
    found = pages([an_alert(number, size) for number in range(150)])
    assert list(chain(*found)) == [f"{number:04d}" for number in range(150)]
    assert max(map(len, found)) == largest


def test_an_alert_with_nothing_due_is_passed_over() -> None:
    """A claim of another execution is no reason for an empty page in between."""
    claimed = an_alert(1, 10)
    [entry] = claimed.outbox.entries
    claimed = StoredAlert(claimed.key, claimed.alert, 1, Outbox((Entry(entry.notification, NOW - 1),)))
    assert pages([an_alert(0, 10), claimed, an_alert(2, 10)]) == [["0000", "0002"]]
