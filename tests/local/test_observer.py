"""The observer of the running pipeline."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from emulator.clock import Clock
from local.observer import Observer

OUTPUTS = {"QuarantineBucketName": "bucket", "RulesTableName": "rules"}


class Account:
    """Every service at once: a quarantine that grows, three rules, one alarm."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.read: list[str] = []

    def scan(self, **_: Any) -> dict[str, int]:
        """The number of rules."""
        return {"Count": 3}

    def describe_alarms(self, *, StateValue: str) -> dict[str, list[dict[str, str]]]:  # noqa: N803 - the SDK's name
        """The alarms of a state."""
        return {"MetricAlarms": [{"AlarmName": f"late-{StateValue}"}]}

    def get_paginator(self, _name: str) -> "Account":
        """Itself."""
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """The objects, one a page."""
        yield {}
        yield from ({"Contents": [{"Key": key}]} for key in self.objects)

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - the SDK's name
        """An object's lines."""
        self.read.append(Key)
        return {"Body": BytesIO("\n".join(map(json.dumps, self.objects[Key])).encode())}


def test_points_are_counted_by_reason_once_and_each_object_is_read_once() -> None:
    """A batch that was tried again names a point twice; a reason has no control characters."""
    account = Account()
    observer = Observer(lambda _service: account, OUTPUTS, Clock())
    old = {"request_id": "a", "index": 0, "reason": "old"}
    account.objects["1"] = [old, {**old, "index": 1}]
    observer.look()
    account.objects["2"] = [old, {**old, "index": 2, "reason": "x\x1b"}]
    observer.look()
    assert observer.reasons == {"old": 2, "x�": 1}
    assert account.read == ["1", "2"]
    assert (observer.rules, observer.alarms) == (3, ["late-ALARM"])
