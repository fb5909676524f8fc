"""Subscribers of a local run's alerts, and the clock by which they come."""

import json
import time
from pathlib import Path
from typing import Any, Self

from handlers.adapters.dynamodb.rules_table import FRESH_SECONDS, KNOWN_AFTER_S
from tests.support.local_run import LocalRun

PERIOD = 60
# So long a slow machine may take to send what belongs to a period.
_BEFORE_S = 20


class Listener:
    """The running pipeline with two subscribed queues: one for everything, one for what is critical."""

    def __init__(self, running: LocalRun) -> None:
        self.running, self.ahead = running, float(running.control("clock")["offset_seconds"])
        self.sqs = running.client("sqs")
        self.everything, self.critical = (
            self._subscribe("everything", {}),
            self._subscribe("critical", {"FilterPolicy": json.dumps({"severity": ["critical"]})}),
        )

    @classmethod
    def with_rules(cls, running: LocalRun, folder: Path) -> Self:
        """A listener at a run in which two rules are in force that differ in severity."""
        rules = folder / "rules.yaml"
        rules.write_text(
            "rules:\n"
            + "".join(
                f"  - {{rule_id: hot-{severity}, metric_name: room.temperature, metric_type: business, by: [room], "
                f'statistic: max, operator: ">", threshold: {threshold}, severity: {severity}}}\n'
                for severity, threshold in (("low", 50), ("critical", 90))
            )
        )
        running.shell(f"python -m ops rules apply {rules}")
        listener = cls(running)
        # An aggregator that runs asks for rules again after so many seconds that pass: the clock's jumps are none.
        time.sleep(FRESH_SECONDS)
        # The rules are in force after half a minute, and judge the periods that begin after it.
        listener.move_to(listener.now() + PERIOD)
        return listener

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

    def move_to_end_of_period(self) -> int:
        """Move the clock near the end of the next period that a rule applied by now judges; its end."""
        end = (int(self.now() + KNOWN_AFTER_S) // PERIOD + 2) * PERIOD
        self.move_to(end - _BEFORE_S)
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
            found += self.received(queue)
        self.move_to(until_s)
        return found + self.further(queue, seconds=3)

    def further(self, queue: str, *, seconds: float) -> list[tuple[float, dict[str, Any]]]:
        """The messages that come to a queue within some seconds of the machine's time."""
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            found += self.received(queue)
        return found

    def received(self, queue: str, *, wait_s: int = 1) -> list[tuple[float, dict[str, Any]]]:
        """The messages that a queue has, up to ten, each with the time at which it was taken."""
        answer = self.sqs.receive_message(
            QueueUrl=queue, WaitTimeSeconds=wait_s, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        found = [(self.now(), message) for message in answer.get("Messages", [])]
        for _, message in found:
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found
