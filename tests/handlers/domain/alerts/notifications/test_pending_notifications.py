"""Pages of notifications: as large as a state's input may be, and nothing twice."""

import json
from collections.abc import Sequence

import pytest

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import Entry
from handlers.domain.alerts.notifications.pending_notifications import next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.state.alert import Alert

NOW = 1_763_769_671


def an_alert(number: int, entries: int, size: int) -> StoredAlert:
    """An alert with so many unsent notifications of so many bytes."""
    messages = [Notification(f"{number}-{n:04d}", "subject", "x" * size, {}) for n in range(entries)]
    key = AlertKey("rule/metric", json.dumps([f"{number:04d}"]))
    return StoredAlert(
        key, Alert(key.rule_key, (f"{number:04d}",)), 1, {item.dedupe_id: Entry(item) for item in messages}
    )


@pytest.mark.parametrize(("entries", "size"), [(300, 2_000), (300, 10), (2, 50_000), (1, 100_000)])
def test_one_alert_with_more_than_a_page_holds_up_no_other(entries: int, size: int) -> None:
    """While the topic refuses, an alert collects notifications; a page of all of them could never be taken."""
    alerts = {item.key: item for item in (an_alert(0, entries, size), an_alert(1, 1, 10))}

    def load(keys: Sequence[AlertKey]) -> list[StoredAlert]:
        return [alerts[key] for key in keys]

    found, after, more = [], "", True
    while more:
        page = next_page(list(alerts), load, after, NOW, PAGE_LIMITS)
        assert (
            len(page["notifications"]) == 1
            or len(json.dumps(page["notifications"])) < PAGE_LIMITS.bytes + 1_000
        )
        assert 1 <= len(page["notifications"]) <= PAGE_LIMITS.notifications
        found += [entry["entry"] for entry in page["notifications"]]
        after, more = page["after"], page["more"]
    assert found[-1] == "1-0000"
    assert "0-0000" in found
    assert len(set(found)) == len(found)
