"""A stream, a function in its own process, and the destination for what fails, over AWS's own protocols."""

import json
import time
import tracemalloc
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from emulator.cloudformation.deployment import Resource
from emulator.errors import UnsupportedFunctionError
from emulator.http_server import Response
from emulator.lambda_.event_source_mapping.kinesis_stream import KinesisSource
from tests.support.functions import MAPPING, NOWHERE, Start


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A server with AWS's protocols; its state is the process's, so tests use names of their own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"test-{uuid.uuid4()}"


def _arguments(endpoint: str) -> dict[str, Any]:
    return {
        "endpoint_url": endpoint,
        "region_name": "eu-west-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }


def _arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{name}"


def mapping(stream: str, **properties: Any) -> Resource:
    """A mapping from a stream to the function."""
    return Resource(
        "Mapping",
        "AWS::Lambda::EventSourceMapping",
        "6a1c7b80-0000-4000-8000-000000000000",
        {},
        {
            "FunctionName": "writer",
            "EventSourceArn": _arn("kinesis", f"stream/{stream}"),
            "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 1,
            **properties,
        },
    )


ECHO = """
    import base64, json
    def handler(event, context):
        print("EVENT " + json.dumps(event))
        numbers = [r["kinesis"]["sequenceNumber"] for r in event["Records"]]
        bad = [r["kinesis"]["sequenceNumber"] for r in event["Records"]
               if base64.b64decode(r["kinesis"]["data"]) == b"bad"]
        processed = numbers.index(bad[0]) if bad else len(numbers)
        metadata = {"CloudWatchMetrics": [{"Metrics": [{"Name": "Processed"}]}]}
        print(json.dumps({"_aws": metadata, "Processed": processed}))
        return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}
"""


def test_records_arrive_in_the_shape_of_lambda(endpoint: str, name: str, start: Start, tmp_path: Any) -> None:
    """The event has what AWS documents, data in base64 and arrival in seconds."""
    kinesis = boto3.client("kinesis", **_arguments(endpoint))
    kinesis.create_stream(StreamName=name, ShardCount=1)
    before = time.time()
    sequence = kinesis.put_record(StreamName=name, Data=b"\x00\xff{}", PartitionKey="json/-/a=")[
        "SequenceNumber"
    ]
    functions = start(ECHO, mapping(name), endpoint_url=endpoint)
    assert functions.drain(20)
    functions.close()
    log = (tmp_path / "logs" / "writer.log").read_text()
    (line,) = [line for line in log.splitlines() if line.startswith("EVENT ")]
    (record,) = json.loads(line.removeprefix("EVENT "))["Records"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    assert before - 1 < arrival < time.time() + 1
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "json/-/a=",
            "sequenceNumber": sequence,
            "data": "AP97fQ==",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/writer",
        "awsRegion": "eu-west-1",
        "eventSourceARN": _arn("kinesis", f"stream/{name}"),
    }


def test_what_fails_for_good_is_in_the_bucket_with_its_payload(
    endpoint: str, name: str, start: Start
) -> None:
    """The object's key and content are those that AWS documents; the payload is the whole event as text."""
    kinesis, s3 = boto3.client("kinesis", **_arguments(endpoint)), boto3.client("s3", **_arguments(endpoint))
    kinesis.create_stream(StreamName=name, ShardCount=1)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for data in (b"good", b"bad", b"good"):
        kinesis.put_record(StreamName=name, Data=data, PartitionKey="k")
    destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{name}"}}
    functions = start(ECHO, mapping(name, DestinationConfig=destination), endpoint_url=endpoint)
    assert functions.drain(30)
    functions.close()
    assert functions.metrics()["writer"]["Processed"].sum == 2
    (found,) = s3.list_objects_v2(Bucket=name)["Contents"]
    day = time.strftime("%Y/%m/%d", time.gmtime())
    prefix = (
        f"aws/lambda/6a1c7b80-0000-4000-8000-000000000000/shardId-000000000000/{day}/{day.replace('/', '-')}T"
    )
    assert found["Key"].startswith(prefix)
    content = json.loads(s3.get_object(Bucket=name, Key=found["Key"])["Body"].read())
    assert content["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert content["requestContext"]["functionArn"].endswith(":function:writer")
    assert content["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert content["version"] == "1.0"
    (record,) = json.loads(content["payload"])["Records"]
    assert record["kinesis"]["data"] == "YmFk"
    number = record["kinesis"]["sequenceNumber"]
    batch = content["KinesisBatchInfo"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == (
        number,
        number,
        1,
    )
    assert (batch["shardId"], batch["streamArn"]) == (
        "shardId-000000000000",
        _arn("kinesis", f"stream/{name}"),
    )
    assert batch["approximateArrivalOfFirstRecord"].endswith("Z")


def test_lines_reach_the_log_group_of_the_template(endpoint: str, name: str, start: Start) -> None:
    """CloudWatch Logs has the function's lines under the group that its template names."""
    functions = start(
        "def handler(event, context): print('hello')", endpoint_url=endpoint, LoggingConfig={"LogGroup": name}
    )
    functions.invoke("writer", {})
    functions.close()
    logs = boto3.client("logs", **_arguments(endpoint))
    (stream,) = logs.describe_log_streams(logGroupName=name)["logStreams"]
    events = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"])["events"]
    assert "hello" in [event["message"] for event in events]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TumblingWindowInSeconds": 60}, "Mapping: TumblingWindowInSeconds"),
        ({"FunctionName": "reader"}, "Mapping: there is no function reader"),
        ({"EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:q"}, "Mapping: .* is not read here"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:x:1:q"}}},
            "Mapping: .* takes no failures",
        ),
    ],
)
def test_a_mapping_that_would_not_work_as_on_aws_is_refused(
    start: Start, changes: dict[str, Any], named: str
) -> None:
    """The message names the logical id."""
    with pytest.raises(UnsupportedFunctionError, match=named):
        start("def handler(event, context): pass", mapping("metrics", **changes), endpoint_url=NOWHERE)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"Layers": ["arn"]}, "Function: Layers"), ({"Runtime": "nodejs22.x"}, "Function: only Python")],
)
def test_a_function_that_would_not_work_as_on_aws_is_refused(
    start: Start, changes: dict[str, Any], named: str
) -> None:
    """The message names the logical id and the property."""
    with pytest.raises(UnsupportedFunctionError, match=named):
        start("def handler(event, context): pass", **changes)


@pytest.mark.parametrize("key", ["json/-/a=", '"data":""', '\\"data":""', "data", '","data":"', "ü\n\u2028"])
@pytest.mark.parametrize("data", ["", "eA==", "eHl6" * 5_000])
def test_a_records_event_has_its_key_and_its_data(key: str, data: str) -> None:
    """Whatever a partition key looks like, it stays a key; and an event takes no more room than its text."""
    item = {
        "SequenceNumber": "1",
        "PartitionKey": key,
        "ApproximateArrivalTimestamp": 1_700_000_000.1234,
        "Data": data,
    }
    answer = json.dumps({"Records": [item], "NextShardIterator": "next", "MillisBehindLatest": 0}).encode()
    endpoint: Any = SimpleNamespace(answer_at_once=lambda _: Response(200, body=answer))
    tracemalloc.start()
    page = KinesisSource(
        MAPPING,
        role_arn="arn:aws:iam::123456789012:role/r",
        endpoint_url="http://127.0.0.1:9",
        region="eu-west-1",
        endpoint=endpoint,
    ).read("s0", "first")
    (record,) = page.records
    room = next(trace.size for trace in tracemalloc.take_snapshot().traces if trace.size >= len(record.event))
    tracemalloc.stop()
    event = json.loads(record.event)
    assert (event["kinesis"]["partitionKey"], event["kinesis"]["data"]) == (key, data)
    assert (event["eventID"], event["kinesis"]["approximateArrivalTimestamp"]) == ("s0:1", 1_700_000_000.123)
    assert (record.partition_key, page.next_position, page.caught_up) == (key, "next", False)
    assert room < len(record.event) + 1_000
