"""The tables of the alerts for benchmarks: in a process of their own, and every unit counted."""

import multiprocessing
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from handlers.adapters.dynamodb.client import DynamoDb

REGION = "us-east-1"
_UNIT_WRITTEN, _UNIT_READ = 1024, 4096


class CountedDynamoDb:
    """A client whose calls are counted, with the units as they are billed on demand."""

    def __init__(self, dynamodb: DynamoDb) -> None:
        self._dynamodb = dynamodb
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Count from nothing."""
        self.writes, self.reads, self.calls = 0.0, 0.0, Counter[str]()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        action = getattr(self._dynamodb, operation)

        def call(**request: Any) -> Any:
            answer = action(**request)
            with self._lock:
                self.calls[operation] += 1
                self.writes += _written(operation, request)
                self.reads += _read(operation, request, answer)
            return answer

        return call


def _written(operation: str, request: Mapping[str, Any]) -> float:
    """The write units of a call; an update's item is reckoned by what it sets, with 200 bytes for the rest."""
    match operation:
        case "put_item":
            return _units(_size(request["Item"]), _UNIT_WRITTEN)
        case "update_item":
            return _units(_size(request.get("ExpressionAttributeValues", {})) + 200, _UNIT_WRITTEN)
        case "delete_item":
            return 1
        case "transact_write_items":
            items = (item["Put"]["Item"] for item in request["TransactItems"])
            return sum(2 * _units(_size(item), _UNIT_WRITTEN) for item in items)
    return 0


def _read(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """The read units of a call: of single items for each, of pages for their sum, by half where they may be stale."""
    match operation:
        case "get_item":
            return _units(_size(answer.get("Item", {})), _UNIT_READ)
        case "batch_get_item":
            items = (item for found in answer["Responses"].values() for item in found)
            return sum(_units(_size(item), _UNIT_READ) for item in items)
        case "query" | "scan":
            share = 1.0 if request.get("ConsistentRead") else 0.5
            return share * _units(sum(map(_size, answer["Items"])), _UNIT_READ)
    return 0


def _units(size: int, unit: int) -> int:
    return max(1, -(-size // unit))


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(name) + _size(item) for name, item in value.items())
    return len(value) if isinstance(value, str | bytes | list) else 8


@contextmanager
def alert_tables() -> Iterator[Mapping[str, str]]:
    """The names of the template's tables by their logical ids; clients of this process and its children find them."""
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(its,))
    process.start()
    try:
        url, names = ours.recv()
        before = dict(os.environ)
        os.environ.update(
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 -- of the emulator
            AWS_DEFAULT_REGION=REGION,
        )
        try:
            yield names
        finally:
            os.environ.clear()
            os.environ.update(before)
    finally:
        ours.close()
        process.join()


def _serve(pipe: Connection) -> None:
    """Serve the tables until the other end is closed; what that needs is not imported by who is measured."""
    from troposphere import Template  # noqa: PLC0415 -- see above

    from emulator import Clock, StackTemplate, start  # noqa: PLC0415
    from templates import config  # noqa: PLC0415
    from templates.components.alerting.tables import add_alert_tables  # noqa: PLC0415
    from templates.components.platform import add_platform  # noqa: PLC0415

    template = Template()
    add_alert_tables(template, add_platform(template, config.load("dev")))
    stack = StackTemplate("alerts", template.to_dict(), {"CodeBucket": "bucket", "CodeKey": "key"})
    with (
        tempfile.TemporaryDirectory() as folder,
        start([REGION], [stack], aws_port=0, data_dir=Path(folder), clock=Clock()) as cloud,
    ):
        resources = cloud.deployments[REGION].resources
        pipe.send((cloud.endpoint_url, {key: item.physical_id for key, item in resources.items()}))
        try:
            pipe.recv()
        except EOFError:
            return
