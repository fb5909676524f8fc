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
    delays = []
    # A machine that is busy at the wrong moment delays one alert or two; a pipeline that is slow delays them all.
    for room in ("attic", "cellar", "hall"):
        end = listener.move_to_end_of_period()
        alarms = _told(listener, room, 95, end, count=2)
        assert sorted(message["MessageAttributes"]["rule_id"]["StringValue"] for _, message in alarms) == [
            "hot-critical",
            "hot-low",
        ]
        for _, message in alarms:
            attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            assert (attributes["state"], attributes["metric_type"], attributes["value"]) == (
                "ALARM",
                "business",
                "95",
            )
            assert message["MessageAttributes"]["value"]["DataType"] == "Number"
            assert json.loads(message["Body"])["group"] == {"room": room}
        [(_, only)] = listener.further(listener.critical, seconds=1)
        assert only["MessageAttributes"]["severity"]["StringValue"] == "critical"
        delays.append(max(at for at, _ in alarms) - end)
        if delays[-1] <= GRACE + ALLOWED:
            break
    assert min(delays) <= GRACE + ALLOWED

    end = listener.move_to_end_of_period()
    resolved = _told(listener, room, 60, end, count=1)
    assert [json.loads(message["Body"])["kind"] for _, message in resolved] == ["resolved"]
    assert [json.loads(message["Body"])["rule"]["rule_id"] for _, message in resolved] == ["hot-critical"]
    assert "ALARM" in listener.running.shell("python -m ops alerts show hot-low")


def _told(
    listener: Listener, room: str, value: float, end: int, *, count: int
) -> list[tuple[float, dict[str, Any]]]:
    """The messages of a point in the period that ends then, up to the end of the next evaluation."""
    stored = listener.running.stored("room.temperature")
    assert listener.running.post(_temperature(room, value)).status == 202
    listener.running.wait_until_stored("room.temperature", stored + 1)
    listener.move_to(end + GRACE - ALLOWED)  # the batch's window is over
    return listener.messages(listener.everything, count, end + PERIOD + GRACE + ALLOWED)


def _temperature(room: str, value: float) -> dict[str, Any]:
    return {
        "metric_name": "room.temperature", "metric_type": "business", "value": value, "dimensions": {"room": room},
    }  # fmt: skip
