"""Trouble on request, as clients see it."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.timestream.errors import ValidationException
from emulator.timestream.faults import Faults
from tests.support.timestream_process import Client


def control(endpoint: str, what: str, body: Any = None) -> Any:
    """Read or, with a body, change what `/_local/<what>` says."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{endpoint}/_local/{what}", data) as response:  # noqa: S310 - our own address
        return json.loads(response.read())


def test_throttling_by_count(endpoint: str, writer: Any) -> None:
    """So many calls of an operation are throttled, others are not, and then it is over."""
    control(endpoint, "faults", {"throttle": {"ListDatabases": {"count": 2}}})
    writer.list_tables()
    for _ in range(2):
        with pytest.raises(writer.exceptions.ThrottlingException):
            writer.list_databases()
    writer.list_databases()
    assert control(endpoint, "faults") == {"throttle": {"ListDatabases": {"count": 0}}}


def test_sdk_gets_over_throttling(endpoint: str) -> None:
    """boto3's own retries outlast a short throttling."""
    control(endpoint, "faults", {"throttle": {"*": {"count": 2}}})
    patient = boto3.client(
        "timestream-write",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    assert patient.list_databases()["Databases"] == []
    patient.close()


def test_throttled_write_stores_nothing(endpoint: str, writer: Any) -> None:
    """Throttling comes before the operation."""
    control(endpoint, "faults", {"throttle": {"CreateDatabase": {}}})
    for _ in range(3):
        with pytest.raises(ClientError):
            writer.create_database(DatabaseName="metrics")
    control(endpoint, "faults", {})
    assert writer.list_databases()["Databases"] == []


def test_latency(endpoint: str, writer: Any) -> None:
    """A call takes at least the seconds asked for."""
    control(endpoint, "faults", {"latency": {"ListDatabases": {"seconds": 0.2, "count": 1}}})
    begin = time.monotonic()
    writer.list_databases()
    assert time.monotonic() - begin >= 0.2


def test_rejections_by_count(endpoint: str, writer: Any) -> None:
    """So many records are rejected with the reason given, the rest of their call is stored; a retry stores them."""
    writer.create_database(DatabaseName="metrics")
    writer.create_table(DatabaseName="metrics", TableName="one")
    control(endpoint, "faults", {"reject": {"count": 2, "reason": "because"}})
    now = str(int(time.time() * 1_000))
    records = [
        {
            "Dimensions": [{"Name": "n", "Value": str(number)}],
            "MeasureName": "m",
            "MeasureValue": "1",
            "Time": now,
        }
        for number in range(5)
    ]
    with pytest.raises(writer.exceptions.RejectedRecordsException) as caught:
        writer.write_records(DatabaseName="metrics", TableName="one", Records=records)
    assert caught.value.response["RejectedRecords"] == [
        {"RecordIndex": 0, "Reason": "because"},
        {"RecordIndex": 1, "Reason": "because"},
    ]
    status = control(endpoint, "status")["regions"]["us-east-1"]
    assert (status["accepted"], status["rejected"], status["rows"]) == (3, 2, 3)
    writer.write_records(DatabaseName="metrics", TableName="one", Records=records)
    assert control(endpoint, "status")["regions"]["us-east-1"]["rows"] == 5


def test_lost_reply_is_work_done(endpoint: str, writer: Any) -> None:
    """The operation happens, its answer never comes."""
    control(endpoint, "faults", {"lose_replies": {"CreateDatabase": {"count": 1}}})
    client = Client(int(endpoint.rpartition(":")[2]))
    with pytest.raises(OSError, match="closed connection"):
        client.call("CreateDatabase", {"DatabaseName": "metrics"})
    client.close()
    assert len(writer.list_databases()["Databases"]) == 1


def test_probability_follows_the_seed() -> None:
    """The same seed gives the same dice; about so many of the calls are hit."""

    def hits() -> list[bool]:
        faults = Faults(["Query", "ListDatabases", "WriteRecords"])
        faults.replace({"throttle": {"*": {"probability": 0.3}}, "seed": 5})
        return [faults.happens("throttle", "Query") is not None for _ in range(1_000)]

    assert hits() == hits()
    assert 200 < sum(hits()) < 400


@pytest.mark.parametrize(
    "rules",
    [
        {"throtle": {}},
        {"throttle": 1},
        {"throttle": {"Query": {"count": -1}}},
        {"throttle": {"Query": {"count": 1.5}}},
        {"throttle": {"Query": {"often": 1}}},
        {"throttle": {"query": {}}},
        {"lose_replies": {"WriteRecord": {"count": 1}}},
        {"reject": {"probability": 2}},
        {"reject": {"reason": 1}},
        {"latency": {"Query": {}}},
        {"latency": {"Query": {"seconds": 601}}},
        {"seed": "x"},
    ],
    ids=str,
)
def test_unknown_faults_are_refused(rules: Any) -> None:
    """A misspelt fault is an error and leaves the faults as they were."""
    faults = Faults(["Query", "ListDatabases", "WriteRecords"])
    faults.replace({"seed": 1})
    with pytest.raises(ValidationException):
        faults.replace(rules)
    assert faults.shown() == {"seed": 1}


def test_clock_moves_forward_only(endpoint: str) -> None:
    """The clock's offset may grow; a smaller one is refused."""
    before = control(endpoint, "clock")["now_ns"]
    assert control(endpoint, "clock", {"offset_seconds": 3_600})["offset_seconds"] == 3_600
    assert control(endpoint, "clock")["now_ns"] >= before + 3_600 * 10**9
    for bad in (10, -1, "1", None, True):
        with pytest.raises(urllib.error.HTTPError) as caught:
            control(endpoint, "clock", {"offset_seconds": bad})
        assert caught.value.code == 400
        caught.value.close()


def test_status_tells_memory(endpoint: str) -> None:
    """Status has the resident memory of the server."""
    assert control(endpoint, "status")["resident_bytes"] > 10_000_000
