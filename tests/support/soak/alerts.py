"""Alerts of the soak: groups that breach and recover by the clock, and the notifications that must come of it."""

import contextlib
import itertools
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.local_run import ROOT, LocalRun, wait_for
from tests.support.soak.ledger import Ledger
from tests.support.soak.protocols import PROTOCOLS
from tests.support.soak.sender import Sender
from tests.support.soak.subscriber import Subscriber

METRIC, RULE, QUEUE = "alertsoak", "soak-hot", "soak-alerts"
_PHASE_S, _EVERY_S = 60, 2.0
_IN_FORCE_S = 45.0
_TOLD_S = 240.0
_RULE = f"""\
rules:
  - rule_id: {RULE}
    metric_name: {METRIC}
    by: [room]
    statistic: max
    operator: ">"
    threshold: 50
    period: 60
    severity: high
"""


@dataclass
class AlertClient:
    """A client whose rooms are hot for a minute and cold for the next; every room changes with the minute."""

    local: LocalRun
    rooms: int
    changes: int
    ledger: Ledger
    seed: str
    stopped: threading.Event
    failures: list[str] = field(default_factory=list)
    ended: bool = False
    phases: list[bool] = field(default_factory=list)
    """Hot or not, minute by minute, as far as points of it were taken."""

    def __post_init__(self) -> None:
        self._sender = Sender(self.local.environment, self.ledger, random.Random(self.seed), self.stopped)
        self.subscriber = Subscriber()
        _subscribe(self.local, self.subscriber.url)

    def run(self) -> None:
        """Have the rule applied, then send until the rooms have changed so often."""
        try:
            self.stopped.wait(_IN_FORCE_S)
            # A rule judges the periods that begin when it is in force, and this minute may have begun before.
            first = minute = int(self._now_s() // _PHASE_S)
            while not self.stopped.is_set():
                now_s = self._now_s()
                if int(now_s // _PHASE_S) != minute:
                    if len(self.phases) > self.changes:
                        return
                    minute = int(now_s // _PHASE_S)
                    self.phases.append(bool(minute % 2))
                if minute != first:
                    self._sender.send(PROTOCOLS["json"], self._body(now_s, hot=self.phases[-1]))
                self.stopped.wait(_EVERY_S)
        except Exception as error:  # noqa: BLE001 - the thread's end must be told
            self.failures.append(f"alerts: {type(error).__name__}: {error}")
        finally:
            self._sender.close()
            self.ended = True

    def _now_s(self) -> float:
        """The run's time, in epoch seconds."""
        return time.time() + float(self.local.control("clock")["offset_seconds"])

    @property
    def share(self) -> float:
        """The part of its minutes that has gone by, from 0 to 1."""
        return 1.0 if self.ended else len(self.phases) / (self.changes + 2)

    def differences(self) -> list[str]:
        """The differences of what was told to what the rooms were, once there are none or the time is over."""
        found: list[str] = []
        told: dict[str, dict[str, Any]] = {}

        def complete() -> bool:
            told.update(_received(self.local))
            found[:] = compared(self.phases, self.rooms, told.values()) + self._subscribers(told)
            return not found

        self.subscriber.revive()
        with contextlib.suppress(AssertionError):
            wait_for(complete, "the notifications", seconds=_TOLD_S)
        self.subscriber.die()
        return found

    def _subscribers(self, told: Collection[str]) -> list[str]:
        """The differences of the live subscriber to the queue: it may lack what SNS gave up, and nothing else."""
        counts = self.local.control("status")[self.local.environment["AWS_REGION"]]["subscribers"]
        given_up = counts.get(self.subscriber.url, {}).get("undelivered", 0)
        return unlike(set(told), self.subscriber.taken, given_up)

    def _body(self, now_s: float, *, hot: bool) -> bytes:
        point = {"metric_name": METRIC, "value": 90 if hot else 10, "timestamp": int(now_s * 1000)}
        points = [{**point, "dimensions": {"room": f"room-{number}"}} for number in range(self.rooms)]
        return orjson.dumps({"metrics": points})


def compared(phases: Sequence[bool], rooms: int, told: Iterable[dict[str, Any]]) -> list[str]:
    """Each room's notifications, copies left out, against the changes that there were."""
    hot = [False, *phases]
    changes = sum(before != after for before, after in itertools.pairwise(hot))
    by_room: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in told:
        by_room[message["group"]["room"]].append(message)
    found = []
    for number in range(rooms):
        messages = sorted(by_room[f"room-{number}"], key=lambda one: int(one["sequence"]))
        count = sum(1 + one["untold"] for one in messages)
        last = bool(messages) and messages[-1]["state"] == "ALARM"
        if (count, last) != (changes, hot[-1]):
            kinds = ", ".join(f"{one['at']} {one['kind']} (untold {one['untold']})" for one in messages)
            found.append(f"room-{number}: {changes} changes, last hot: {hot[-1]}; told: {kinds}")
    return found


def unlike(queue: Set[str], subscriber: Set[str], given_up: int) -> list[str]:
    """The differences of a subscriber that may die to a queue that got everything, by the notifications' ids."""
    missing, more = queue - subscriber, subscriber - queue
    found = [f"{one}: the live subscriber was told, the queue was not" for one in sorted(more)]
    if len(missing) > given_up:
        found.append(
            f"the live subscriber lacks {len(missing)} notifications, and SNS gave up {given_up}: {sorted(missing)[:5]}"
        )
    return found


def _subscribe(run: LocalRun, url: str) -> None:
    """Apply the rule, and subscribe a queue, the subscriber that lives at `url`, and an address where nobody is."""
    rules = ROOT / "build" / f"soak-{run.aws_port}.yaml"
    rules.write_text(_RULE)
    run.shell(f"python -m ops rules apply {rules}")
    rules.unlink()
    run.client("sqs").create_queue(QueueName=QUEUE)
    topic = run.environment["TIDEGAUGE_ALERT_TOPIC_ARN"]
    queue = f"arn:aws:sqs:{run.environment['AWS_REGION']}:123456789012:{QUEUE}"
    for protocol, endpoint in (("http", "http://127.0.0.1:9/"), ("http", url), ("sqs", queue)):
        run.client("sns").subscribe(
            TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes={"RawMessageDelivery": "true"}
        )


def _received(run: LocalRun) -> dict[str, dict[str, Any]]:
    """The notifications that have come by now, by the id that copies share."""
    sqs, found = run.client("sqs"), {}
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            found[body["dedupe_id"]] = body
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
