"""Alerts as the console shows them."""

from dataclasses import replace
from typing import Any

import pytest

from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.domain.alerts.state.alert import Acknowledgement, Alert, Muted
from handlers.vocabulary import AlertState
from ops.console.readers import alerts
from ops.console.readers.alerts import read_alerts

FIRING = Alert("cpu-hot/cpu.load", ("a",), rule={"by": ["host"]}, state=AlertState.ALARM, since_s=60)
MUTED = Muted("silence 1a2b", 60, AlertState.OK)
KNOWN = Acknowledgement("jo", "on it", 60)


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({}, ""),
        ({"muted": MUTED}, "silence 1a2b"),
        ({"acknowledged": KNOWN}, "acknowledged by jo"),
        ({"muted": MUTED, "acknowledged": KNOWN}, "silence 1a2b, acknowledged by jo"),
    ],
)
def test_an_alert_says_what_holds_its_messages_back(
    change: dict[str, Any], held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silence or a rule, and who knows of it."""
    stored = StoredAlert(AlertKey("cpu-hot/cpu.load", '["a"]'), replace(FIRING, **change), 1)
    monkeypatch.setattr(alerts, "stored_alerts", lambda *_, **__: [stored])
    [shown] = read_alerts(None, every=False)  # type: ignore[arg-type]
    assert (shown.rule_id, shown.group, shown.state, shown.held) == ("cpu-hot", "host=a", "ALARM", held)
