"""The one local AWS endpoint, seen by SDKs and the AWS CLI."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
from moto.dynamodb.models import table as moto_table

from emulator import Cloud, InvokeResult
from emulator.direct_calls import headers_of
from emulator.http_server import HttpRequest
from emulator.iam.credentials import OPERATOR
from tests.support.aws_clients import Clients

AWS = Path(sys.executable).with_name("aws")


def aws(cloud: Cloud, *arguments: str) -> Any:
    """The output of the AWS CLI, as JSON."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        [str(AWS), *arguments, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_cli_reads_the_stacks_outputs(cloud: Cloud) -> None:
    """CloudFormation shows the real outputs."""
    (stack,) = aws(cloud, "cloudformation", "describe-stacks", "--stack-name", "everything")["Stacks"]
    shown = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert shown == cloud.deployments["us-east-1"].outputs


def test_an_answer_carries_the_clocks_time(cloud: Cloud, client: Clients) -> None:
    """As AWS's do: whoever has no clock that can be trusted reads the header Date."""
    cloud.clock.advance(7_200)
    answer = client("dynamodb").list_tables()
    told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    assert abs(told - cloud.clock.now()) < 60


def test_the_cli_queries_timestream(cloud: Cloud) -> None:
    """The unmodified CLI reaches the engine through the endpoint."""
    answer = aws(cloud, "timestream-query", "query", "--query-string", "SELECT 1")
    assert answer["Rows"] == [{"Data": [{"ScalarValue": "1"}]}]


def test_a_client_may_name_the_host_that_it_means(cloud: Cloud) -> None:
    """As functions do that are given the address of an AWS host; the path begins behind the name."""
    url = f"{cloud.endpoint_url}/_host/query-cell1.timestream.us-east-1.amazonaws.com"
    answer = aws(cloud, "timestream-query", "query", "--query-string", "SELECT 1", "--endpoint-url", url)
    assert answer["Rows"] == [{"Data": [{"ScalarValue": "1"}]}]


def test_stacks_resources_are_read_like_on_aws(cloud: Cloud, client: Clients) -> None:
    """Resources come by stack, by logical id and in pages; a missing stack is named."""
    cloudformation = client("cloudformation")
    deployment = cloud.deployments["us-east-1"]
    resources = cloudformation.describe_stack_resources(StackName="everything")["StackResources"]
    assert {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources} == {
        name: resource.physical_id for name, resource in deployment.resources.items()
    }
    one = cloudformation.describe_stack_resource(StackName="everything", LogicalResourceId="Key")
    assert one["StackResourceDetail"]["ResourceType"] == "AWS::KMS::Key"
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="everything")
    assert sum(len(page["StackResourceSummaries"]) for page in pages) == len(deployment.resources)
    (summary,) = cloudformation.list_stacks()["StackSummaries"]
    assert (summary["StackName"], summary["StackStatus"]) == ("everything", "CREATE_COMPLETE")
    (stack,) = cloudformation.describe_stacks()["Stacks"]
    assert cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"] == [stack]
    with pytest.raises(cloudformation.exceptions.ClientError, match="nobody does not exist"):
        cloudformation.describe_stacks(StackName="nobody")
    with pytest.raises(cloudformation.exceptions.ClientError, match="only reads stacks, not DeleteStack"):
        cloudformation.delete_stack(StackName="everything")


def test_objects_go_in_and_out_of_buckets(cloud: Cloud, client: Clients) -> None:
    """Objects of any kind of key are written, listed, read and deleted; a missing one is NoSuchKey."""
    s3 = client("s3")
    bucket = cloud.deployments["us-east-1"].resources["Bucket"].physical_id
    keys = ["plain", "a b/c+d.jsonl", "date=2026-01-01/hour=05/ü%.jsonl"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"a_b": "1"})
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert sorted(keys) == listed
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=bucket, Key="plain")["Metadata"] == {"a_b": "1"}
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="plain")


def test_a_large_object_comes_back_whole(cloud: Cloud, client: Clients) -> None:
    """A multipart upload of several parts is one object, readable in ranges."""
    s3 = client("s3")
    bucket = cloud.deployments["us-east-1"].resources["Bucket"].physical_id
    part = os.urandom(5 * 1024 * 1024)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    parts = []
    for number in (1, 2):
        tag = s3.upload_part(Bucket=bucket, Key="large", UploadId=upload, PartNumber=number, Body=part)[
            "ETag"
        ]
        parts.append({"ETag": tag, "PartNumber": number})
    s3.complete_multipart_upload(
        Bucket=bucket, Key="large", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == part + part
    assert s3.get_object(Bucket=bucket, Key="large", Range="bytes=5-9")["Body"].read() == part[5:10]


def test_a_bucket_may_be_named_by_the_host(cloud: Cloud, client: Clients) -> None:
    """A request to the bucket's own host finds its objects."""
    bucket = cloud.deployments["us-east-1"].resources["Bucket"].physical_id
    client("s3").put_object(Bucket=bucket, Key="by/host", Body=b"found")
    host = f"{bucket}.s3.localhost:{cloud.endpoint_url.rsplit(':', 1)[1]}"
    signed = (
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
    )
    headers = {"Host": host, "Authorization": signed}
    reply = urllib3.request("GET", f"{cloud.endpoint_url}/by/host", headers=headers)
    assert (reply.status, reply.data) == (200, b"found")


def test_conditional_writes_hold(cloud: Cloud, client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many writers that want to be the first, one is, however long each is between looking and writing."""
    compiled = moto_table.get_filter_expression

    def slowly_compiled(*arguments: Any) -> Any:
        time.sleep(0.02)
        return compiled(*arguments)

    monkeypatch.setattr(moto_table, "get_filter_expression", slowly_compiled)
    table = cloud.deployments["us-east-1"].resources["Table"].physical_id
    dynamodb = client("dynamodb")
    won = []

    def claim(writer: int) -> None:
        try:
            dynamodb.put_item(
                TableName=table,
                Item={"pk": {"S": "claim"}, "by": {"N": str(writer)}},
                ConditionExpression="attribute_not_exists(pk)",
            )
            won.append(writer)
        except dynamodb.exceptions.ConditionalCheckFailedException:
            pass

    writers = [threading.Thread(target=claim, args=(writer,)) for writer in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(won) == 1


def test_connections_are_kept(cloud: Cloud) -> None:
    """Several requests go over one connection, and a bad path does not end it."""
    host, port = cloud.endpoint_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port))
    sockets = set()
    for path in ("/_local/status", "/_local/nothing", "/_local/clock"):
        connection.request("GET", path)
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1
    assert None not in sockets


def test_only_the_loopback_interface_listens(cloud: Cloud) -> None:
    """Nothing outside this machine reaches the endpoint."""
    ports = {
        connection.laddr
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address.ip for address in ports} == {"127.0.0.1"}


def test_a_service_that_is_not_here_says_so(client: Clients) -> None:
    """A call to another service is refused with its name."""
    with pytest.raises(Exception, match="no service organizations"):
        client("organizations").list_accounts()


def test_a_function_is_invoked_by_whoever_runs_functions(cloud: Cloud, client: Clients) -> None:
    """An invocation is handed on with region, name and payload; its error and answer come back."""
    functions = client("lambda")
    name = cloud.deployments["us-east-1"].resources["Function"].physical_id
    arn = cloud.deployments["us-east-1"].resources["Function"].attributes["Arn"]
    asked = []

    def invoke(region: str, function: str, payload: bytes, kind: str) -> InvokeResult:
        asked.append((region, function, payload, kind))
        return InvokeResult(b'{"errorMessage": "no"}', "Unhandled")

    with pytest.raises(functions.exceptions.ServiceException):
        functions.invoke(FunctionName=name)
    cloud.invoke_with(invoke)
    answer = functions.invoke(FunctionName=arn, Payload=b'{"a": 1}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "no"}
    assert functions.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202
    assert asked == [("us-east-1", name, b'{"a": 1}', "RequestResponse"), ("us-east-1", name, b"{}", "Event")]
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="nobody")


def _of_a_stream(cloud: Cloud, role_arn: str = "") -> HttpRequest:
    """A call of Kinesis as a role, or as the operator."""
    caller = cloud._access.issue(role_arn, "test") if role_arn else OPERATOR
    headers = headers_of(
        "Kinesis_20131202.DescribeStreamSummary", service="kinesis", region="us-east-1", caller=caller
    )
    return HttpRequest("POST", "/", tuple(headers.items()), b'{"StreamName": "none"}')


def test_a_stream_answers_at_once(cloud: Cloud) -> None:
    """A part of this process needs no connection for a call that waits for nothing; policies hold for it, too."""
    allowed = cloud._endpoint.answer_at_once(_of_a_stream(cloud))
    refused = cloud._endpoint.answer_at_once(_of_a_stream(cloud, "arn:aws:iam::123456789012:role/none"))
    assert allowed is not None
    assert b"ResourceNotFoundException" in allowed.body
    assert refused is not None
    assert b"AccessDeniedException" in refused.body


def test_what_may_wait_is_not_answered_at_once(cloud: Cloud) -> None:
    """A fault may delay a call, and writes wait while the clock is moved: those come over HTTP, as others do."""
    request = _of_a_stream(cloud)
    urllib3.request(
        "POST", f"{cloud.endpoint_url}/_local/faults", json={"service": "kinesis", "latency_ms": 1}
    )
    assert cloud._endpoint.answer_at_once(request) is None
    urllib3.request("DELETE", f"{cloud.endpoint_url}/_local/faults")
    with cloud._kinesis.held():
        assert cloud._endpoint.answer_at_once(request) is None
    assert cloud._endpoint.answer_at_once(request) is not None
    other = headers_of(
        "DynamoDB_20120810.ListTables", service="dynamodb", region="us-east-1", caller=OPERATOR
    )
    assert cloud._endpoint.answer_at_once(HttpRequest("POST", "/", tuple(other.items()), b"{}")) is None


def test_what_fails_at_once_is_an_answer(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of a service ends no thread that calls it."""

    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cloud._kinesis, "answer", broken)
    answer = cloud._endpoint.answer_at_once(_of_a_stream(cloud))
    assert answer is not None
    assert (answer.status, b"InternalFailure" in answer.body) == (500, True)
