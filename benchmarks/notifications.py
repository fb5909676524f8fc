"""The time that notifications take under load: a rule that many groups trip once each, and a queue that hears of it."""

import json
import threading
import time
from collections.abc import Mapping, Sequence

import urllib3

from emulator.client import local_client
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.reading import read_rule

_METRIC = "bench.alarm"
_PERIOD_S = 60
_GROUP_EVERY_S = 1.0
_HEARD_S = 180.0
_LISTEN_EVERY_S = 0.5


class Alerts:
    """Trips a group's alert each second while load comes, and keeps how long each notification took.

    That is from the end of the period of its POST, which nothing can be judged before.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        url, region = environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]
        self._sqs, sns, dynamodb = (
            local_client(name, endpoint_url=url, region=region) for name in ("sqs", "sns", "dynamodb")
        )
        rule = read_rule(
            {
                "rule_id": "bench-alarm", "metric_name": _METRIC, "by": ["group"], "statistic": "max",
                "operator": ">", "threshold": 90, "period": _PERIOD_S, "missing_data": "ignore", "severity": "low",
            }
        )  # fmt: skip
        dynamodb.put_item(TableName=environment["TIDEGAUGE_RULES_TABLE_NAME"], Item=item_of(rule))
        self._queue = self._sqs.create_queue(QueueName="bench")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        sns.subscribe(
            TopicArn=environment["TIDEGAUGE_ALERT_TOPIC_ARN"],
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        self._period_ends_s: dict[str, float] = {}
        self._took_s: list[float] = []
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._trip, self._listen)]

    def start(self) -> None:
        """Begin to post and to listen."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> Sequence[float]:
        """The seconds from the end of each period to its notifications, once all came; SystemExit when they do not."""
        self._ending.set()
        for thread in self._threads:
            thread.join(_HEARD_S)
        if self._period_ends_s:
            raise SystemExit(f"no notification came of {len(self._period_ends_s)} groups")
        return self._took_s

    def _trip(self) -> None:
        group = 0
        while not self._ending.is_set():
            point = {"metric_name": _METRIC, "value": 100, "dimensions": {"group": f"g{group}"}}
            self._period_ends_s[f"g{group}"] = (time.time() // _PERIOD_S + 1) * _PERIOD_S
            urllib3.request("POST", self._environment["TIDEGAUGE_URL"], json=point)
            group += 1
            self._ending.wait(_GROUP_EVERY_S)

    def _listen(self) -> None:
        while self._period_ends_s or not self._ending.is_set():
            answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", ()):
                end_s = self._period_ends_s.pop(json.loads(message["Body"])["group"]["group"], None)
                if end_s is not None:
                    self._took_s.append(time.time() - end_s)
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if not answer.get("Messages"):
                time.sleep(_LISTEN_EVERY_S)
