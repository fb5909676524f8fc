"""Alerts as a person sees them: a rule is applied, a point breaches, subscribers hear of it once, and of its end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.alert_listener import PERIOD, Listener
from tests.support.local_run import LocalRun

pytestmark = pytest.mark.pipeline

GRACE, ALLOWED = 10, 3


@pytest.fixture
def listener(tmp_path: Any) -> Iterator[Listener]:
    """A run without its own feed, with two rules that differ in severity."""
    running = LocalRun("--no-feed", "--data", str(tmp_path))
    try:
        rules = tmp_path / "rules.yaml"
        rules.write_text(
            "rules:\n"
            + "".join(
                f"  - {{rule_id: hot-{severity}, metric_name: room.temperature, metric_type: business, by: [room], "
                f'statistic: max, operator: ">", threshold: {threshold}, severity: {severity}}}\n'
                for severity, threshold in (("low", 50), ("critical", 90))
            )
        )
        running.shell(f"python -m ops rules apply {rules}")
        listener = Listener(running)
        # The rules are in force after half a minute, and judge the periods that begin after it.
        listener.move_to(listener.now() + PERIOD)
        yield listener
    finally:
        running.process.terminate()
        running.process.communicate(timeout=60)


def test_an_alert_fires_once_in_time_and_is_resolved_once(listener: Listener) -> None:
    """The message is there within the period's end, the grace and three seconds; filters pass what they say."""
    end = listener.move_to_end_of_period(before=3)
    assert listener.running.post(_temperature(95)).status == 202
    listener.running.wait_until_stored("room.temperature", 1)
    listener.move_to(end + GRACE - ALLOWED)  # the batch's window is over
    alarms = listener.messages(listener.everything, 2, end + GRACE + ALLOWED + 3)
    assert sorted(message["MessageAttributes"]["rule_id"]["StringValue"] for _, message in alarms) == [
        "hot-critical",
        "hot-low",
    ]
    for at, message in alarms:
        assert at <= end + GRACE + ALLOWED
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert (attributes["state"], attributes["metric_type"], attributes["value"]) == (
            "ALARM",
            "business",
            "95",
        )
        assert message["MessageAttributes"]["value"]["DataType"] == "Number"
        assert json.loads(message["Body"])["group"] == {"room": "attic"}
    [(_, only)] = listener.further(listener.critical, seconds=1)
    assert only["MessageAttributes"]["severity"]["StringValue"] == "critical"

    end = listener.move_to_end_of_period(before=3)
    assert listener.running.post(_temperature(60)).status == 202
    listener.running.wait_until_stored("room.temperature", 2)
    listener.move_to(end + GRACE - ALLOWED)
    resolved = listener.messages(listener.everything, 1, end + GRACE + ALLOWED + 3)
    assert [json.loads(message["Body"])["kind"] for _, message in resolved] == ["resolved"]
    assert [json.loads(message["Body"])["rule"]["rule_id"] for _, message in resolved] == ["hot-critical"]
    assert "ALARM" in listener.running.shell("python -m ops alerts show hot-low")


def _temperature(value: float) -> dict[str, Any]:
    return {
        "metric_name": "room.temperature", "metric_type": "business", "value": value, "dimensions": {"room": "attic"},
    }  # fmt: skip
