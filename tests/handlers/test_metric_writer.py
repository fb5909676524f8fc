"""The function as Lambda calls it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from handlers import metric_writer
from handlers.adapters.timestream.wire import write_client
from handlers.domain.errors import ConfigurationError
from tests.handlers.conftest import BUCKET, HOURS, REGISTRY
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, batch, event, metric
from tests.support.fake_timestream import FakeTimestream, Fault

VARIABLES = {
    "PROJECT": "metrics",
    "ENVIRONMENT": "dev",
    "DATABASE_NAME": "metrics_dev",
    "TABLE_NAME": "metrics",
    "DIMENSIONS_TABLE": REGISTRY,
    "QUARANTINE_BUCKET": BUCKET,
    "MAGNETIC_RETENTION_DAYS": "30",
    "MEMORY_RETENTION_HOURS": "1",
    "EXPORT_HOURS_TABLE": HOURS,
    "EXPORT_LAG_MINUTES": "15",
    "LOG_LEVEL": "INFO",
}


class Context:
    """What Lambda tells a function about its time."""

    def __init__(self, milliseconds: int = 20_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return self._milliseconds


@pytest.fixture
def function(
    aws: None, timestream: FakeTimestream, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeTimestream]:
    """The function before its first invocation, with its store."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        metric_writer, "write_client", lambda connections: timestream.behind(write_client(connections))
    )
    metric_writer._started.cache_clear()
    yield timestream
    metric_writer._started.cache_clear()


def quarantined() -> list[dict[str, Any]]:
    """Every line in the quarantine."""
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_a_batch_is_stored_and_logged(function: FakeTimestream, capsys: pytest.CaptureFixture[str]) -> None:
    """Good points are stored, bad ones quarantined, and the log accounts for both by request."""
    answer = metric_writer.handler(
        event(batch(metric(dimensions={"host": "a"}), metric(value="x")), metric("disk.free", 7)), Context()
    )
    assert answer == {"batchItemFailures": []}
    assert sorted(function.values().values()) == [0.5, 7.0]
    [line] = quarantined()
    assert (line["request_id"], line["index"], line["reason"]) == ("request/0+=", 1, "value_type")
    log = json.loads(capsys.readouterr().out)
    assert log["requests"] == {"request/0+=": [2, 1, 0, 1], "request/1+=": [1, 1, 0, 0]}
    assert (log["PointsReceived"], log["PointsStored"], log["PointsQuarantined"]) == (3, 2, 1)


def test_the_store_is_found_by_endpoint_discovery(function: FakeTimestream) -> None:
    """Timestream's endpoint is discovered once for the life of the process."""
    for _ in range(3):
        metric_writer.handler(event(metric()), Context())
    assert function.discoveries == 1


def test_throttling_that_does_not_end_is_reported(function: FakeTimestream) -> None:
    """When time runs out, the stream is told where to start again."""
    function.fault = lambda *_: Fault("ThrottlingException")
    assert metric_writer.handler(event(metric()), Context(400)) == {
        "batchItemFailures": [{"itemIdentifier": str(FIRST_SEQUENCE)}]
    }


def test_a_missing_table_fails_the_invocation(function: FakeTimestream) -> None:
    """What an operator must mend fails loudly, and the whole batch stays for the stream to send again."""
    function.fault = lambda *_: Fault("ResourceNotFoundException")
    with pytest.raises(ConfigurationError, match=r"^WriteRecords: ResourceNotFoundException$"):
        metric_writer.handler(event(metric(), metric(value=None)), Context())
    assert quarantined() == []


def test_a_wrong_environment_ends_the_start(
    function: FakeTimestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every variable that is missing or of the wrong type is named."""
    monkeypatch.delenv("TABLE_NAME")
    monkeypatch.setenv("MAGNETIC_RETENTION_DAYS", "a month")
    with pytest.raises(
        ConfigurationError, match=r"TABLE_NAME is not set; MAGNETIC_RETENTION_DAYS .*'a month'"
    ):
        metric_writer.handler(event(metric()), Context())


def test_a_point_without_timestamp_has_its_arrivals(function: FakeTimestream) -> None:
    """The store's time is the millisecond of arrival."""
    metric_writer.handler(event(metric()), Context())
    [(_, _, time_ns)] = function.rows
    assert time_ns // 1_000_000 == ARRIVAL_MS


def test_a_late_point_marks_its_hour(function: FakeTimestream, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour that may have been exported is exported again; one that is still open is not marked."""
    monkeypatch.setattr("time.time", lambda: ARRIVAL_MS / 1000)
    metric_writer.handler(event(metric(timestamp="2025-11-21T14:30:00Z"), metric()), Context())
    items = boto3.client("dynamodb").scan(TableName=HOURS)["Items"]
    assert len(items) == 1
    assert "2025-11-21T14" in str(items[0])
