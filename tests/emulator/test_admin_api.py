"""The control routes of the local run, over HTTP."""

import contextlib
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from emulator import Cloud
from emulator.clock import Clock
from tests.support.aws_clients import Clients


def call(cloud: Cloud, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of a control route."""
    encoded = body if isinstance(body, str | None) else json.dumps(body)
    reply = urllib3.request(method, f"{cloud.endpoint_url}/_local/{path}", body=encoded, retries=False)
    return reply.status, reply.json()


@pytest.fixture(autouse=True)
def _no_faults(cloud: Cloud) -> Iterator[None]:
    yield
    call(cloud, "DELETE", "faults")


def failed(call_: Any, **parameters: Any) -> tuple[str, int]:
    """Code and HTTP status of the error a call ends with."""
    with pytest.raises(ClientError) as error:
        call_(**parameters)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_the_status_shows_what_others_add(cloud: Cloud) -> None:
    """A provider's answer stands under its name, beside the clock."""
    cloud.add_status("functions", lambda: {"running": 3})
    status, body = call(cloud, "GET", "status")
    assert status == 200
    assert body["functions"] == {"running": 3}
    assert body["clock"]["offset_seconds"] == cloud.status()["clock"]["offset_seconds"]


def test_the_clock_moves_forward_everywhere(cloud: Cloud, clock: Clock, client: Clients) -> None:
    """An advance reaches this process, moto's services and the Timestream engine."""
    before = clock.offset_s
    status, body = call(cloud, "POST", "clock", {"advance_seconds": 86400})
    assert (status, body["offset_seconds"]) == (200, before + 86400)
    assert clock.offset_s == before + 86400
    now = datetime.fromisoformat(body["now"]).timestamp()
    bucket = cloud.deployments["us-east-1"].resources["Bucket"].physical_id
    client("s3").put_object(Bucket=bucket, Key="later", Body=b"x")
    modified = client("s3").head_object(Bucket=bucket, Key="later")["LastModified"].timestamp()
    assert abs(modified - now) < 30
    rows = client("timestream-query").query(QueryString="SELECT to_unixtime(now())")["Rows"]
    assert abs(float(rows[0]["Data"][0]["ScalarValue"]) - now) < 30


def test_the_clock_takes_an_offset_too(cloud: Cloud, clock: Clock) -> None:
    """An offset is reached by an advance; a smaller one than the present is refused."""
    wanted = clock.offset_s + 60
    assert call(cloud, "POST", "clock", {"offset_seconds": wanted})[1]["offset_seconds"] == wanted
    assert call(cloud, "POST", "clock", {"offset_seconds": wanted - 1})[0] == 400


def test_the_clock_may_jump_at_once(cloud: Cloud, clock: Clock) -> None:
    """As a fault, without waiting for what is under way."""
    before, preparations = clock.offset_s, []

    @contextlib.contextmanager
    def prepare(jump_s: float) -> Iterator[bool]:
        preparations.append(jump_s)
        yield True

    cloud._admin.before_jump(prepare)
    try:
        _, body = call(cloud, "POST", "clock", {"advance_seconds": 3600, "at_once": True})
        assert (body["stream_empty"], clock.offset_s, preparations) == (False, before + 3600, [])
        call(cloud, "POST", "clock", {"advance_seconds": 60})
        assert preparations == [60]
    finally:
        cloud._admin.before_jump(cloud.clear_streams)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "advance_seconds"),
        ({"advance_seconds": -1}, "advance_seconds"),
        ({"advance_seconds": "1"}, "advance_seconds"),
        ({"advance_seconds": True}, "advance_seconds"),
        ({"advance_seconds": 1, "at_once": 1}, "at_once"),
        ({"hours": 1}, "hours"),
        ({"advance_seconds": 1, "offset_seconds": 1}, "advance_seconds"),
        ("{", "body"),
        ([], "body"),
    ],
)
def test_a_bad_move_of_the_clock_is_refused(cloud: Cloud, clock: Clock, body: Any, field: str) -> None:
    """400 names the field, and the clock stays."""
    before = clock.offset_s
    status, reply = call(cloud, "POST", "clock", body)
    assert (status, reply["field"], clock.offset_s) == (400, field, before)


def test_a_fault_strikes_and_is_cleared(cloud: Cloud, client: Clients) -> None:
    """A throttled write is refused as AWS words it, so often as asked; DELETE ends it."""
    stream = cloud.deployments["us-east-1"].outputs["StreamName"]
    put = {"StreamName": stream, "PartitionKey": "k", "Data": b"x"}
    rule = {"service": "kinesis", "operation": "PutRecord", "error": "ProvisionedThroughputExceededException"}
    status, body = call(cloud, "POST", "faults", {**rule, "count": 1})
    assert (status, len(body["rules"])) == (200, 1)
    assert failed(client("kinesis").put_record, **put) == ("ProvisionedThroughputExceededException", 400)
    client("kinesis").put_record(**put)
    call(cloud, "POST", "faults", {"rules": [rule, {"service": "s3", "status": 503}]})
    assert failed(client("s3").list_buckets)[1] == 503
    call(cloud, "DELETE", "faults")
    client("kinesis").put_record(**put)
    client("s3").list_buckets()


def test_a_fault_after_the_fact_loses_only_the_answer(cloud: Cloud, client: Clients) -> None:
    """The work that was asked for is done, and the caller does not learn it."""
    table = cloud.deployments["us-east-1"].resources["Table"].physical_id
    key = {"pk": {"S": "written"}}
    call(cloud, "POST", "faults", {"service": "dynamodb", "status": 500, "when": "after", "count": 1})
    assert failed(client("dynamodb").put_item, TableName=table, Item=key)[1] == 500
    assert client("dynamodb").get_item(TableName=table, Key=key)["Item"] == key


def test_a_fault_delays(cloud: Cloud, client: Clients) -> None:
    """A request takes as long as asked, and then is answered."""
    call(cloud, "POST", "faults", {"service": "sts", "latency_ms": 300, "count": 1})
    began = time.monotonic()
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert time.monotonic() - began >= 0.3


def test_faults_reach_timestream_from_outside_and_inside(cloud: Cloud, client: Clients) -> None:
    """A rule strikes before the engine; what only the engine can do is handed to it, and cleared with the rest."""
    query = client("timestream-query").query
    call(cloud, "POST", "faults", {"service": "timestream", "error": "ThrottlingException", "count": 1})
    assert failed(query, QueryString="SELECT 1")[0] == "ThrottlingException"
    status, body = call(cloud, "POST", "faults", {"timestream": {"throttle": {"Query": {"count": 5}}}})
    assert (status, bool(body["timestream"])) == (200, True)
    assert failed(query, QueryString="SELECT 1")[0] == "ThrottlingException"
    call(cloud, "DELETE", "faults")
    assert query(QueryString="SELECT 1")["Rows"]


def test_a_fault_the_engine_does_not_know_is_refused(cloud: Cloud) -> None:
    """The engine's own refusal comes back, and no rule of the same request is in force."""
    body = {"timestream": {"nonsense": {}}, "rules": [{"service": "s3", "status": 500}]}
    assert call(cloud, "POST", "faults", body)[0] == 400
    assert call(cloud, "GET", "faults")[1]["rules"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"service": "s3", "region": "eu-west-3", "error": "X"}, "region"),
        ({"service": "timestream-queries", "error": "X"}, "service"),
        ({"service": "kinesis", "error": "X", "count": "two"}, "count"),
        ({"rules": [{"service": "kinesis", "status": 1}]}, "status"),
        ({"rules": "none"}, "rules"),
        ({}, "rules"),
        ("{", "body"),
    ],
)
def test_a_bad_fault_is_refused(cloud: Cloud, body: Any, field: str) -> None:
    """400 names the field, and nothing comes into force."""
    status, reply = call(cloud, "POST", "faults", body)
    assert (status, reply["field"]) == (400, field)
    assert call(cloud, "GET", "faults")[1]["rules"] == []


def test_other_routes_and_methods_are_refused(cloud: Cloud) -> None:
    """404 for what there is not, 405 with what there is."""
    assert call(cloud, "GET", "nothing")[0] == 404
    status, body = call(cloud, "DELETE", "clock")
    assert status == 405
    assert "GET, POST" in body["error"]
