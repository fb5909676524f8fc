"""Pages of notifications: as large as a state's input may be, one notification of each alert, and nothing twice."""

import json
from collections.abc import Sequence
from itertools import chain

import pytest

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry, Outbox
from handlers.domain.alerts.notifications.pending_notifications import next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.state.alert import Alert
from handlers.vocabulary import AlertState

NOW = 1_763_769_671


def an_alert(number: int, size: int) -> StoredAlert:
    """An alert with an unsent notification of so many bytes."""
    body = {
        "dedupe_id": f"{number:04d}", "kind": "alarm", "state": "ALARM", "at": "2025-11-22T00:01:00Z", "x": "x" * size,
    }  # fmt: skip
    key = AlertKey("rule/metric", json.dumps([f"{number:04d}"]))
    alert = Alert(key.rule_key, (f"{number:04d}",), state=AlertState.ALARM)
    return StoredAlert(key, alert, 1, Outbox((Entry(Notification("subject", body, {})),)))


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


@pytest.mark.parametrize(("size", "largest"), [(10, 40), (20_000, 7), (200_000, 1)])
def test_pages_together_hold_each_alert_once(size: int, largest: int) -> None:
    """As many as fit; one that is larger than a page may be is a page."""
    found = pages([an_alert(number, size) for number in range(150)])
    assert list(chain(*found)) == [f"{number:04d}" for number in range(150)]
    assert max(map(len, found)) <= largest


def test_an_alert_with_nothing_due_is_passed_over() -> None:
    """What is claimed by another is no reason for an empty page in between."""
    claimed = an_alert(1, 10)
    [entry] = claimed.outbox.entries
    claimed = StoredAlert(claimed.key, claimed.alert, 1, Outbox((Entry(entry.notification, NOW - 1),)))
    assert pages([an_alert(0, 10), claimed, an_alert(2, 10)]) == [["0000", "0002"]]
