"""The observer of the running pipeline: why points were set aside, how many rules there are, which alarms are up."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulator.clock import Clock
from handlers.vocabulary import QUARANTINED_POINTS
from local.repeated import Repeated
from ops.console.readers.figures import waits
from ops.output import sanitize

_EVERY_S = 3.0


class Observer(Repeated):
    """A thread that looks every few seconds; what a fault keeps from it, it shows a little later."""

    def __init__(self, clients: Any, outputs: Mapping[str, str], clock: Clock) -> None:
        super().__init__("observer", every_s=_EVERY_S)
        self._s3, self._dynamodb, self._cloudwatch = (
            clients(name) for name in ("s3", "dynamodb", "cloudwatch")
        )
        self._clock = clock
        self._bucket, self._rules_table = outputs["QuarantineBucketName"], outputs["RulesTableName"]
        self._seen: set[str] = set()
        self._points: set[tuple[str, Any]] = set()
        self._reasons: Counter[str] = Counter()
        self.rules = 0
        self.alarms: Sequence[str] = ()

    @property
    def reasons(self) -> Mapping[str, int]:
        """The number of points in quarantine by their reason."""
        return dict(self._reasons)

    def once(self) -> None:
        """Look, and leave to the next time what cannot be seen now."""
        with suppress(ClientError, BotoCoreError):
            self.look()

    def look(self) -> None:
        """Look once; botocore's errors say what could not be seen."""
        self.rules = int(self._dynamodb.scan(TableName=self._rules_table, Select="COUNT")["Count"])
        up = self._cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
        self.alarms = [str(one["AlarmName"]) for one in up if not waits(one, self._clock.now())]
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=QUARANTINED_POINTS
        )
        for page in pages:
            for entry in page.get("Contents", []):
                if entry["Key"] not in self._seen:
                    self._read(entry["Key"])

    def _read(self, key: str) -> None:
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        self._seen.add(key)
        for line in body.splitlines():
            record = json.loads(line)
            point = (record["request_id"], record["index"])
            if point not in self._points:
                self._points.add(point)
                self._reasons[sanitize(str(record["reason"]))] += 1
