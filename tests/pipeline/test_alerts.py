"""Alerts as a person sees them: a rule is applied, a point breaches, subscribers hear of it once, and of its end."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.local_run import LocalRun

pytestmark = pytest.mark.pipeline

PERIOD, GRACE, ALLOWED = 60, 10, 3


class Listener:
    """The running pipeline with two subscribed queues: one for everything, one for what is critical."""

    def __init__(self, running: LocalRun) -> None:
        self.running, self.ahead = running, 0.0
        self.sqs = running.client("sqs")
        self.everything, self.critical = (
            self._subscribe("everything", {}),
            self._subscribe("critical", {"FilterPolicy": json.dumps({"severity": ["critical"]})}),
        )

    def _subscribe(self, name: str, attributes: dict[str, str]) -> str:
        queue: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.running.client("sns").subscribe(
            TopicArn=self.running.environment["TIDEGAUGE_ALERT_TOPIC_ARN"],
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true", **attributes},
        )
        return queue

    def now(self) -> float:
        """The local run's time."""
        return time.time() + self.ahead

    def move_to_end_of_period(self, *, before: float) -> int:
        """Move the clock to so long before the end of the next period; its end."""
        end = (int(self.now()) // PERIOD + 2) * PERIOD
        self.move_to(end - before)
        return end

    def move_to(self, moment_s: float) -> None:
        """Move the clock forward to a moment, if that has not come yet."""
        self.ahead += max(moment_s - self.now(), 0.0)
        self.running.control("clock", {"offset_seconds": self.ahead})

    def messages(self, queue: str, count: int, until_s: float) -> list[tuple[float, dict[str, Any]]]:
        """The messages that come to a queue until then, each with its time.

        After the first `count` the clock is moved there, and three more seconds are given to what must not come.
        """
        found: list[tuple[float, dict[str, Any]]] = []
        while self.now() < until_s and len(found) < count:
            found += self._receive(queue)
        self.move_to(until_s)
        return found + self.further(queue, seconds=3)

    def further(self, queue: str, *, seconds: float) -> list[tuple[float, dict[str, Any]]]:
        """The messages that come to a queue within some seconds of the machine's time."""
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            found += self._receive(queue)
        return found

    def _receive(self, queue: str) -> list[tuple[float, dict[str, Any]]]:
        answer = self.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MessageAttributeNames=["All"])
        found = [(self.now(), message) for message in answer.get("Messages", [])]
        for _, message in found:
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


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
        yield Listener(running)
    finally:
        running.process.terminate()
        running.process.communicate(timeout=60)


def test_an_alert_fires_once_in_time_and_is_resolved_once(listener: Listener) -> None:
    """The message is there within the period's end, the grace and three seconds; filters pass what they say."""
    end = listener.move_to_end_of_period(before=3)
    assert listener.running.post(_temperature(95)).status == 202
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
    resolved = listener.messages(listener.everything, 1, end + GRACE + ALLOWED + 3)
    assert [json.loads(message["Body"])["kind"] for _, message in resolved] == ["resolved"]
    assert [json.loads(message["Body"])["rule"]["rule_id"] for _, message in resolved] == ["hot-critical"]
    assert "ALARM" in listener.running.shell("python -m ops alerts show hot-low")


def _temperature(value: float) -> dict[str, Any]:
    return {
        "metric_name": "room.temperature", "metric_type": "business", "value": value, "dimensions": {"room": "attic"},
    }  # fmt: skip
