"""The function as Lambda calls it."""

import gzip
import json
import subprocess
import sys
from typing import Any

import boto3
import pytest

from handlers.adapters.timestream.wire import PooledWire
from handlers.domain.errors import ConfigurationError
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.isolation import MOST_DEATHS
from handlers.metric_writer import build
from tests.support.dynamodb_clients import dynamodb_by_sdk
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, batch, event, kinesis_record, metric
from tests.support.fake_timestream import FakeTimestream, Fault
from tests.support.function_resources import BUCKET, HOURS, REGISTRY

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
    "OTLP_ATTRIBUTES": "[]",
}


class Function:
    """The function before its first invocation, with its store."""

    def __init__(self, store: FakeTimestream, **variables: str) -> None:
        self.store = store
        self.now_s = ARRIVAL_MS / 1000
        self._writer = build(
            {**VARIABLES, **variables},
            connect=lambda connections, url: store.behind(PooledWire(connections, url)),
            connect_dynamodb=dynamodb_by_sdk,
            clock=lambda: self.now_s,
        )

    def invoke(self, event: dict[str, Any], seconds_left: float = 20) -> dict[str, Any]:
        """The answer to one batch."""
        return self._writer.write(event, seconds_left)


@pytest.fixture
def function(aws: None, timestream: FakeTimestream) -> Function:
    """The function on an empty store."""
    return Function(timestream)


def quarantined() -> list[dict[str, Any]]:
    """Every line in the quarantine."""
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_a_batch_is_stored_and_logged(function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    """Good points are stored, bad ones quarantined, and the log accounts for both by request."""
    answer = function.invoke(
        event(batch(metric(dimensions={"host": "a"}), metric(value="x")), metric("disk.free", 7))
    )
    assert answer == {"batchItemFailures": []}
    assert sorted(function.store.values().values()) == [0.5, 7.0]
    [line] = quarantined()
    assert (line["request_id"], line["index"], line["reason"]) == ("request/0+=", 1, "value_type")
    log = json.loads(capsys.readouterr().out)
    assert log["requests"] == {"request/0+=": [2, 1, 0, 1], "request/1+=": [1, 1, 0, 0]}
    assert (log["PointsReceived"], log["PointsStored"], log["PointsQuarantined"]) == (3, 2, 1)


def heartbeat(position: int = 0) -> dict[str, Any]:
    """A heartbeat on the stream, half a second before the function's time."""
    key = f"heartbeat/-/h{position}"
    return kinesis_record({"heartbeat": True}, position, partition_key=key, arrival_ms=ARRIVAL_MS - 500)


def test_a_heartbeat_is_reported_and_is_nowhere_else(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    """No service is called for it, so an hour of nothing else is an empty hour; it is no request and no point."""
    assert function.invoke({"Records": [heartbeat()]}) == {"batchItemFailures": []}
    [line] = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert said.pop("_aws")["CloudWatchMetrics"][0]["Metrics"][0]["Name"] == "WriterHeartbeatAge"
    assert said == {"WriterHeartbeatAge": 0.5, "Project": "metrics", "Environment": "dev"}
    assert (function.store.discoveries, function.store.rows, quarantined()) == (0, {}, [])
    assert boto3.client("dynamodb").scan(TableName=HOURS)["Items"] == []


def test_a_heartbeat_is_late_while_what_came_before_it_is_not_stored(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that refuses writes shows in the age: the stream sends the heartbeat again with the points."""
    function.store.fault = lambda *_: Fault("ThrottlingException")
    batch_ = {"Records": [kinesis_record(metric(), 0), heartbeat(1)]}
    assert function.invoke(batch_, 0.4)["batchItemFailures"]
    assert "HeartbeatAge" not in capsys.readouterr().out
    function.store.fault = None
    assert function.invoke(batch_) == {"batchItemFailures": []}
    assert "WriterHeartbeatAge" in capsys.readouterr().out
    assert len(function.store.rows) == 1


def test_the_store_is_found_by_endpoint_discovery(function: Function) -> None:
    """Timestream's endpoint is discovered once for the life of the process."""
    for _ in range(3):
        function.invoke(event(metric()))
    assert function.store.discoveries == 1


def test_a_store_whose_endpoint_is_given_is_not_discovered(aws: None, timestream: FakeTimestream) -> None:
    """In a VPC only the cell's own name has an endpoint, and the name that answers where the cell is has none."""
    url = "https://ingest-cell1.timestream.us-east-1.amazonaws.com"
    Function(timestream, TIMESTREAM_ENDPOINT_URL=url).invoke(event(metric()))
    assert timestream.discoveries == 0
    assert len(timestream.rows) == 1


def test_throttling_that_does_not_end_is_reported(function: Function) -> None:
    """When time runs out, the stream is told where to start again."""
    function.store.fault = lambda *_: Fault("ThrottlingException")
    assert function.invoke(event(metric()), 0.4) == {
        "batchItemFailures": [{"itemIdentifier": str(FIRST_SEQUENCE)}]
    }


def test_a_missing_table_fails_the_invocation(function: Function) -> None:
    """What an operator must mend fails loudly, and the whole batch stays for the stream to send again."""
    function.store.fault = lambda *_: Fault("ResourceNotFoundException")
    with pytest.raises(ConfigurationError, match=r"^WriteRecords: ResourceNotFoundException$"):
        function.invoke(event(metric(), metric(value=None)))
    assert quarantined() == []


def test_a_wrong_environment_ends_the_start() -> None:
    """Every variable that is missing or of the wrong type is named."""
    wrong = {name: value for name, value in VARIABLES.items() if name != "TABLE_NAME"}
    with pytest.raises(
        ConfigurationError, match=r"TABLE_NAME is not set; MAGNETIC_RETENTION_DAYS .*'a month'"
    ):
        build({**wrong, "MAGNETIC_RETENTION_DAYS": "a month"})


def test_the_attributes_of_opentelemetry_have_a_default(aws: None) -> None:
    """A function that is set up by hand, without a template, needs no word of a format that it may never see."""
    without = {name: value for name, value in VARIABLES.items() if name != "OTLP_ATTRIBUTES"}
    assert build(without).ports.otlp_attributes == DEFAULT_OTLP_ATTRIBUTES


def test_a_point_without_timestamp_has_its_arrivals(function: Function) -> None:
    """The store's time is the millisecond of arrival."""
    function.invoke(event(metric()))
    [(_, _, time_ns)] = function.store.rows
    assert time_ns // 1_000_000 == ARRIVAL_MS


def test_a_late_point_marks_its_hour(function: Function) -> None:
    """An hour that may have been exported is exported again; one that is still open is noted, no more."""
    function.invoke(event(metric(timestamp="2025-11-21T14:30:00Z"), metric()))
    items = boto3.client("dynamodb").scan(TableName=HOURS)["Items"]
    assert {item["id"]["S"] for item in items} == {
        "hour#2025-11-21T14",
        "points#2025-11-21T14",
        "points#2025-11-22T00",
    }


LAKE = {
    **{name: value for name, value in VARIABLES.items() if not name.endswith(("_DAYS", "_HOURS"))},
    "STORE_KIND": "lake",
    "TABLE_NAME": "points",
    "LAKE_BUCKET": BUCKET,
    "GLUE_DATABASE": "metrics_dev",
    "RETENTION_DAYS": "30",
    "DIMENSION_NAMES": "3",
}
del LAKE["DATABASE_NAME"]


def lake_lines() -> list[dict[str, Any]]:
    """Every line of the lake."""
    s3, found = boto3.client("s3"), []
    for prefix in ("hot/", "late/"):
        for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
            found += [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return found


@pytest.fixture
def catalog(aws: None) -> Any:
    """The catalog as the stack makes it: the table of compacted points, and the view."""
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "metrics_dev"})
    for name in ("metrics", "points"):
        columns = [{"Name": "metric_name", "Type": "string"}]
        table = {"Name": name, "StorageDescriptor": {"Columns": columns}}
        glue.create_table(DatabaseName="metrics_dev", TableInput=table)
    return glue


def columns(glue: Any, table: str) -> list[str]:
    """The names of a table's columns."""
    found = glue.get_table(DatabaseName="metrics_dev", Name=table)["Table"]["StorageDescriptor"]["Columns"]
    return [column["Name"] for column in found]


def test_a_batch_is_written_to_the_lake(catalog: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Good points are lines of objects, bad ones quarantined, new names columns of what people read."""
    writer = build(LAKE, connect_dynamodb=dynamodb_by_sdk, clock=lambda: ARRIVAL_MS / 1000)
    good = [metric(dimensions={"host": "a", "version": "2"}), metric("disk.free", 7)]
    answer = writer.write(event(batch(*good, metric(value="x"))), 20)
    assert answer == {"batchItemFailures": []}
    assert sorted((line["metric_name"], line["value"]) for line in lake_lines()) == [
        ("cpu.load", 0.5),
        ("disk.free", 7.0),
    ]
    log = json.loads(capsys.readouterr().out)
    assert log["requests"] == {"request/0+=": [3, 2, 0, 1]}
    assert log["WriteCalls"] == 1
    for table in ("metrics", "points"):
        assert {"host", "export_version"} <= set(columns(catalog, table)), table


def test_a_batch_that_comes_again_changes_nothing_in_the_lake(catalog: Any) -> None:
    """The objects are the same ones."""
    writer = build(LAKE, connect_dynamodb=dynamodb_by_sdk, clock=lambda: ARRIVAL_MS / 1000)
    for _ in range(2):
        writer.write(event(metric(), metric("disk.free", 7)), 20)
    assert len(lake_lines()) == 2


def test_the_lakes_budget_of_names_is_the_settings(catalog: Any) -> None:
    """A point whose name is one too many is quarantined, the others are written."""
    writer = build(LAKE, connect_dynamodb=dynamodb_by_sdk, clock=lambda: ARRIVAL_MS / 1000)
    writer.write(event(*(metric(dimensions={f"d{number}": "x"}) for number in range(5))), 20)
    assert len(lake_lines()) == 3
    reasons = [json.loads(line)["reason"] for line in _quarantine_lines()]
    assert reasons == ["dimension_budget_spent"] * 2


def _quarantine_lines() -> list[bytes]:
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="quarantine/")["Contents"]]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return [line for body in bodies for line in body.splitlines()]


def test_a_catalog_that_fails_keeps_no_point_back(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Its points are written, and the log says that their names are not shown yet."""
    writer = build(LAKE, connect_dynamodb=dynamodb_by_sdk, clock=lambda: ARRIVAL_MS / 1000)
    assert writer.write(event(metric(dimensions={"host": "a"})), 20) == {"batchItemFailures": []}
    assert len(lake_lines()) == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"dimensions_not_shown": "GetTable: EntityNotFoundException"} in said


def test_a_late_point_of_the_lake_marks_its_hour(catalog: Any) -> None:
    """However old it is, it is seen at once, and compacted again soon."""
    writer = build(LAKE, connect_dynamodb=dynamodb_by_sdk, clock=lambda: ARRIVAL_MS / 1000)
    writer.write(event(metric(timestamp="2025-11-01T14:30:00Z"), metric()), 20)
    items = boto3.client("dynamodb").scan(TableName=HOURS)["Items"]
    assert {item["id"]["S"] for item in items} == {
        "hour#2025-11-01T14",
        "points#2025-11-01T14",
        "points#2025-11-22T00",
    }


def test_a_kind_of_store_that_nobody_knows_ends_the_start() -> None:
    """The line names the variable."""
    with pytest.raises(ConfigurationError, match="STORE_KIND is neither timestream nor lake: 'influx'"):
        build({**VARIABLES, "STORE_KIND": "influx"})


def padded(name: str, position: int) -> dict[str, Any]:
    """A record of a metric in gzip that expands to more than half of what is held at once."""
    body = json.dumps(metric(name)).encode().ljust(6 * 2**20)
    return kinesis_record(gzip.compress(body), position, partition_key=f"json-gz/-/r{position}")


def test_a_batch_that_expands_is_written_in_portions(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its own account, one after the other."""
    answer = function.invoke({"Records": [padded("a", 0), padded("b", 1), padded("c", 2)]})
    assert answer == {"batchItemFailures": []}
    accounts = [json.loads(line)["requests"] for line in capsys.readouterr().out.splitlines()]
    assert accounts == [{"r0": [1, 1, 0, 0]}, {"r1": [1, 1, 0, 0]}, {"r2": [1, 1, 0, 0]}]


def test_a_portion_for_which_no_time_is_left_comes_again(function: Function) -> None:
    """It is not begun, and nothing of it is lost."""
    records = [padded("a", 0), padded("b", 1)]
    answer = function.invoke({"Records": records}, seconds_left=0)
    assert answer == {"batchItemFailures": [{"itemIdentifier": records[0]["kinesis"]["sequenceNumber"]}]}


LIGHT = """
import sys
import handlers.metric_writer
print(sorted({"boto3", "botocore.session", "urllib3", "asyncio", "aws_xray_sdk", "ssl", "email"} & set(sys.modules)))
"""


def test_the_writer_starts_without_the_sdk() -> None:
    """Importing it, which would take longer than all the rest, is left to the few batches that need it."""
    result = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_request_that_the_writer_fails_on_alone_is_quarantined_in_the_end(
    function: Function, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a quarter of an hour, in which its invocations fail; then it is accounted for as any other."""

    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("handlers.domain.ingest.isolation.write_batch", fail)
    with pytest.raises(ValueError):  # noqa: PT011 -- as the function raised it
        function.invoke(event(metric()))
    assert function.invoke(event(metric(), arrival_ms=ARRIVAL_MS - 900_000)) == {"batchItemFailures": []}
    assert [line["reason"] for line in quarantined()] == ["processing_failed"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["PointsQuarantined"] == 1


class Death(BaseException):
    """The end of a process that cannot say so: out of memory, or of time."""


def _die(*_: object) -> None:
    raise Death


def _killed_by(function: Function, given: dict[str, Any]) -> None:
    """Have a process die at a batch, and Lambda wait until the next is tried."""
    with pytest.raises(Death):
        function.invoke(given)
    function.now_s += 60


def test_a_request_that_ends_the_process_alone_is_quarantined_in_the_end(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the attempts at it that began and did not end; as it came, as reading it may be what no process survives.

    Should it come again, it is there once, and is not stored as well.
    """
    old = event(metric(), arrival_ms=ARRIVAL_MS - 900_000)
    with monkeypatch.context() as patch:
        patch.setattr("handlers.domain.ingest.isolation.write_batch", _die)
        for _ in range(MOST_DEATHS):
            _killed_by(function, old)
        patch.setattr("handlers.domain.ingest.request_reader.RequestReader.read", _die)
        assert function.invoke(old) == {"batchItemFailures": []}
    [line] = quarantined()
    assert (line["reason"], line["payload"].keys()) == ("processing_failed", {"base64"})
    for waited_s in (1, 600):
        function.now_s += waited_s
        assert function.invoke(old) == {"batchItemFailures": []}
    assert (quarantined(), list(function.store.rows)) == ([line], [])


def test_a_batch_in_portions_sets_no_request_aside(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before a portion of one may have taken the time: Lambda halves the batch, until it is alone."""
    large = [metric(dimensions={"a": "," * 400_000}) for _ in range(2)]
    given = event(*large, arrival_ms=ARRIVAL_MS - 900_000)
    monkeypatch.setattr("handlers.domain.ingest.isolation.write_batch", _die)
    for _ in range(MOST_DEATHS + 2):
        _killed_by(function, given)
    assert quarantined() == []


def test_processes_that_die_of_something_else_set_nothing_aside(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch of several, of a young request, while an attempt may be under way, or if one came to an end."""
    old = event(metric(), arrival_ms=ARRIVAL_MS - 900_000)
    several = event(metric(), metric("b"), arrival_ms=ARRIVAL_MS - 900_000)
    with monkeypatch.context() as patch:
        patch.setattr("handlers.domain.ingest.isolation.write_batch", _die)
        for given in [several] * 5 + [event(metric())] * 5:
            _killed_by(function, given)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("handlers.domain.ingest.isolation.write_batch", _die)
            for _ in range(MOST_DEATHS - 1):
                _killed_by(function, old)
                function.now_s -= 59.9
                _killed_by(function, old)
        function.store.fault = lambda *_: Fault("ThrottlingException")
        assert function.invoke(old, 0.4)["batchItemFailures"]
    assert quarantined() == []
