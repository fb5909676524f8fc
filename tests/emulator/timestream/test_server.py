"""The real AWS CLI and boto3, unmodified, for every operation; and the wire itself."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator.timestream import Server
from emulator.timestream.server import MAX_BODY

_COMMANDS = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for command in json.load(sys.stdin):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = driver.main(command)
    print(json.dumps([status, errors.getvalue() if status else output.getvalue()]))
"""


class CommandLine:
    """The AWS CLI, pointed at the server by its environment alone, as people have it."""

    def __init__(self, endpoint: str, home: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *command: str) -> str:
        """The output of `aws` with these words, which must succeed."""
        aws = Path(sys.executable).with_name("aws")
        return self._child([str(aws), *command], "")

    def run_all(self, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
        """The exit status, and the output or the errors, of each command; one process, as starting takes longest."""
        lines = self._child(["-c", _COMMANDS], json.dumps(commands)).splitlines()
        return [(status, text) for status, text in map(json.loads, lines)]

    def _child(self, arguments: Sequence[str], given: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def cli(endpoint: str, tmp_path: Path) -> CommandLine:
    """The AWS CLI."""
    return CommandLine(endpoint, tmp_path)


def test_cli_finds_the_server_by_its_environment(cli: CommandLine) -> None:
    """`aws` as it is installed reaches the server."""
    assert json.loads(cli.run("timestream-write", "list-databases"))["Databases"] == []


def test_cli_does_every_operation(cli: CommandLine) -> None:
    """Each operation works from the command line, in the order of a database's life."""
    now = int(time.time() * 1_000)
    names = {"DatabaseName": "metrics", "TableName": "one"}
    arn = "arn:aws:timestream:us-east-1:123456789012:database/metrics/table/one"
    record = {"Dimensions": [{"Name": "host", "Value": "a"}], "MeasureName": "load", "Time": str(now)}
    records = [{**record, "MeasureValue": "1.5"}, {**record, "MeasureValue": "2.5", "Time": str(now + 1)}]
    conflicting = [{**record, "MeasureValue": "9"}]
    select = 'SELECT host, "measure_value::double" FROM "metrics"."one" ORDER BY time'
    steps: list[tuple[str, str, dict[str, Any], str]] = [
        ("write", "describe-endpoints", {}, "http://127.0.0.1:"),
        ("write", "create-database", {"DatabaseName": "metrics"}, "database/metrics"),
        ("write", "update-database", {"DatabaseName": "metrics", "KmsKeyId": "alias/k"}, "alias/k"),
        ("write", "describe-database", {"DatabaseName": "metrics"}, "alias/k"),
        ("write", "list-databases", {}, "metrics"),
        ("write", "create-table", names, '"MemoryStoreRetentionPeriodInHours": 6'),
        (
            "write",
            "update-table",
            {
                **names,
                "RetentionProperties": {
                    "MemoryStoreRetentionPeriodInHours": 7,
                    "MagneticStoreRetentionPeriodInDays": 8,
                },
            },
            '"MemoryStoreRetentionPeriodInHours": 7',
        ),
        ("write", "describe-table", names, '"MagneticStoreRetentionPeriodInDays": 8'),
        ("write", "list-tables", {"DatabaseName": "metrics"}, '"TableName": "one"'),
        ("write", "tag-resource", {"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]}, "{}"),
        ("write", "list-tags-for-resource", {"ResourceARN": arn}, '"Value": "v"'),
        ("write", "untag-resource", {"ResourceARN": arn, "TagKeys": ["k"]}, "{}"),
        ("write", "write-records", {**names, "Records": records}, '"Total": 2'),
        ("write", "write-records", {**names, "Records": conflicting}, "RejectedRecordsException"),
        ("query", "query", {"QueryString": select}, '"2.5"'),
        ("query", "query", {"QueryString": "SELECT nonsense("}, "ValidationException"),
        ("query", "query", {"QueryString": select, "MaxRows": 1}, '"2.5"'),
        ("query", "cancel-query", {"QueryId": "NONE"}, "ValidationException"),
        ("query", "prepare-query", {"QueryString": select}, '"DatabaseName": "metrics"'),
        ("query", "describe-endpoints", {}, "http://127.0.0.1:"),
        ("write", "delete-table", names, "{}"),
        ("write", "describe-table", names, "ResourceNotFoundException"),
        ("write", "delete-database", {"DatabaseName": "metrics"}, "{}"),
    ]
    commands = []
    for service, operation, members, _ in steps:
        given = ["--cli-input-json", json.dumps(members)] if members else []
        commands.append([f"timestream-{service}", operation, "--output", "json", *given])
    for (status, output), (_, _, _, expected) in zip(cli.run_all(commands), steps, strict=True):
        assert (status == 0) == (not expected.endswith("Exception")), output
        shown = json.dumps(json.loads(output) if output.strip() else {}) if status == 0 else output
        assert expected in shown


def test_boto3_finds_its_endpoint_through_discovery(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address in the environment only, boto3 asks DescribeEndpoints and stays on this machine."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    session = boto3.Session("test", "test", region_name="us-east-1")
    writer, reader = session.client("timestream-write"), session.client("timestream-query")
    writer.create_database(DatabaseName="metrics")
    assert reader.query(QueryString="SHOW DATABASES")["Rows"] == [{"Data": [{"ScalarValue": "metrics"}]}]
    writer.close()
    reader.close()


def test_boto3_pages_through_a_result(writer: Any, reader: Any) -> None:
    """boto3's paginator returns every row once, though the first page is empty."""
    _create(writer)
    now = int(time.time() * 1_000)
    _write(writer, [_record("a", now + number, number) for number in range(100)])
    query = 'SELECT "measure_value::bigint" FROM "metrics"."one" ORDER BY time'
    pages = reader.get_paginator("query").paginate(QueryString=query, PaginationConfig={"PageSize": 30})
    rows = [int(row["Data"][0]["ScalarValue"]) for page in pages for row in page["Rows"]]
    assert rows == list(range(100))


def test_boto3_cancels_a_query(writer: Any, reader: Any) -> None:
    """A query with rows left is cancelled, and then answers with ConflictException."""
    _create(writer)
    now = int(time.time() * 1_000)
    _write(writer, [_record("a", now + number, number) for number in range(10)])
    query = 'SELECT host FROM "metrics"."one"'
    page = reader.query(QueryString=query, MaxRows=2)
    assert page["Rows"] == []
    reader.cancel_query(QueryId=page["QueryId"])
    with pytest.raises(reader.exceptions.ConflictException):
        reader.query(QueryString=query, NextToken=page["NextToken"])


def test_readers_see_their_own_writes_while_others_write(writer: Any, reader: Any) -> None:
    """Each writer, after each acknowledged call, counts exactly what it wrote, whatever the other writers do."""
    _create(writer)
    now = int(time.time() * 1_000)
    wrong: list[Any] = []

    def work(host: str) -> None:
        for step in range(12):
            _write(writer, [_record(host, now - step * 100 - number, number) for number in range(50)])
            query = f'SELECT count(*) FROM "metrics"."one" WHERE host = \'{host}\''
            count = reader.query(QueryString=query)["Rows"][0]["Data"][0]["ScalarValue"]
            if int(count) != (step + 1) * 50:
                wrong.append((host, step, count))

    threads = [threading.Thread(target=work, args=(f"h{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _create(writer: Any) -> None:
    writer.create_database(DatabaseName="metrics")
    writer.create_table(DatabaseName="metrics", TableName="one")


def _record(host: str, time_ms: int, value: int) -> dict[str, Any]:
    return {
        "Dimensions": [{"Name": "host", "Value": host}],
        "MeasureName": "load",
        "MeasureValue": str(value),
        "MeasureValueType": "BIGINT",
        "Time": str(time_ms),
    }


def _write(writer: Any, records: list[dict[str, Any]]) -> None:
    assert writer.write_records(DatabaseName="metrics", TableName="one", Records=records)["RecordsIngested"][
        "Total"
    ]


def talk(server: Server, *parts: bytes) -> bytes:
    """Send bytes and return everything that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


def request(target: str, body: bytes = b"{}", *headers: str) -> bytes:
    """A request of the AWS JSON protocol."""
    lines = [
        "POST / HTTP/1.1",
        "Host: example:1",
        f"X-Amz-Target: {target}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


LIST = "Timestream_20181101.ListDatabases"


def answer(received: bytes) -> tuple[int, Any]:
    """The status and the body of one response."""
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_requests_on_one_connection(server: Server) -> None:
    """Requests may follow each other without a pause, in pieces of any size."""
    both = request(LIST) + request(LIST, b"", "Connection: close")
    received = talk(server, *[both[place : place + 7] for place in range(0, len(both), 7)])
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b'{"Databases":[]}') == 2
    assert b"Connection: close" in received


def test_a_body_in_chunks_is_read(server: Server) -> None:
    """A client that does not know the length beforehand is answered as any other."""
    lines = [
        "POST / HTTP/1.1",
        f"X-Amz-Target: {LIST}",
        "Transfer-Encoding: chunked",
        "",
        "1",
        "{",
        "1",
        "}",
        "0",
        "",
        "",
    ]
    assert answer(talk(server, "\r\n".join(lines).encode())) == (200, {"Databases": []})


def test_expect_continue_is_answered(server: Server) -> None:
    """A client that waits for 100 Continue gets it before the answer."""
    received = talk(server, request(LIST, b"{}", "Expect: 100-continue"))
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (f"POST / HTTP/1.1\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode(), 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_refused(server: Server, raw: bytes, status: int) -> None:
    """Broken or oversized requests get their HTTP status, and the connection ends."""
    assert talk(server, raw).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("Timestream_20181101.CreateEverything", b"{}", "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", b"{}", "UnknownOperationException"),
        ("", b"{}", "UnknownOperationException"),
        (LIST, b"{", "SerializationException"),
        (LIST, b"[]", "SerializationException"),
        (LIST, b'{"MaxResults": "\\ud800"}', "SerializationException"),
        (LIST, b"\xff", "SerializationException"),
        (LIST, b'{"MaxResults": "3"}', "ValidationException"),
        (LIST, b'{"MaxResults": true}', "ValidationException"),
        ("Timestream_20181101.DescribeDatabase", b"{}", "ValidationException"),
        ("Timestream_20181101.WriteRecords", b'{"DatabaseName": 1}', "ValidationException"),
    ],
)
def test_errors_name_their_type(server: Server, target: str, body: bytes, code: str) -> None:
    """Errors of the protocol and of parameters are 400 with `__type` and `Message`."""
    status, error = answer(talk(server, request(target, body)))
    assert status == 400
    assert error["__type"] == f"com.amazonaws.timestream.v20181101#{code}"
    assert error["Message"]


def test_endpoints_lead_back_to_where_the_caller_came_from(server: Server) -> None:
    """DescribeEndpoints answers with the Host of the request, so that a proxy in front stays in front."""
    _, body = answer(talk(server, request("Timestream_20181101.DescribeEndpoints")))
    assert body == {"Endpoints": [{"Address": "http://example:1", "CachePeriodInMinutes": 1440}]}


@pytest.mark.parametrize("region", ["../../etc", "EU-WEST-1", "", "a" * 50])
def test_region_is_no_path(server: Server, region: str) -> None:
    """Whatever stands in the credential scope, only the name of a region names a folder."""
    credential = f"Authorization: AWS4-HMAC-SHA256 Credential=a/20261122/{region}/timestream/aws4_request"
    status, _ = answer(
        talk(server, request("Timestream_20181101.CreateDatabase", b'{"DatabaseName": "abc"}', credential))
    )
    assert status == 200
    _, listed = answer(talk(server, request(LIST)))
    assert [one["DatabaseName"] for one in listed["Databases"]] == ["abc"]


def test_server_listens_on_loopback_only(server: Server) -> None:
    """Nothing answers on the machine's other addresses."""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", server.port), timeout=1):  # noqa: PT011
        pass


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_controls_change_by_either_method(server: Server, method: str) -> None:
    """PUT of the clock moves it as POST does."""
    moved = _exchange(server, method, "/_local/clock", {"offset_seconds": 60})
    assert moved["offset_seconds"] == 60


def test_health_answers_without_credentials(server: Server) -> None:
    """What watches a container asks /health."""
    assert _exchange(server, "GET", "/health") == {"status": "ok"}


def test_the_endpoint_that_is_discovered_is_the_one_that_was_asked(server: Server) -> None:
    """DescribeEndpoints answers the address in the request's Host, which may be a proxy's or a container's."""
    headers = {"Host": "timestream.example:4567", "X-Amz-Target": "Timestream_20181101.DescribeEndpoints"}
    found = _exchange(server, "POST", "/", {}, headers)
    assert found["Endpoints"][0]["Address"] == "http://timestream.example:4567"


def _exchange(
    server: Server, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body), dict(headers or {}))
    answer = connection.getresponse()
    assert answer.status == 200
    found = json.load(answer)
    connection.close()
    return found
