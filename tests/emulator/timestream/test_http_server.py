"""The wire itself: what is no request, and many requests on one connection."""

import json
import socket
from typing import Any

import pytest

from emulator.timestream.http_server import MAX_BODY, HttpServer


def talk(server: HttpServer, *parts: bytes) -> bytes:
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


def test_requests_on_one_connection(server: HttpServer) -> None:
    """Requests may follow each other without a pause, in pieces of any size."""
    both = request(LIST) + request(LIST, b"", "Connection: close")
    received = talk(server, *[both[place : place + 7] for place in range(0, len(both), 7)])
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b'{"Databases":[]}') == 2
    assert b"Connection: close" in received


def test_expect_continue_is_answered(server: HttpServer) -> None:
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
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_refused(server: HttpServer, raw: bytes, status: int) -> None:
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
def test_errors_name_their_type(server: HttpServer, target: str, body: bytes, code: str) -> None:
    """Errors of the protocol and of parameters are 400 with `__type` and `Message`."""
    status, error = answer(talk(server, request(target, body)))
    assert status == 400
    assert error["__type"] == f"com.amazonaws.timestream.v20181101#{code}"
    assert error["Message"]


def test_endpoints_lead_back_to_where_the_caller_came_from(server: HttpServer) -> None:
    """DescribeEndpoints answers with the Host of the request, so that a proxy in front stays in front."""
    _, body = answer(talk(server, request("Timestream_20181101.DescribeEndpoints")))
    assert body == {"Endpoints": [{"Address": "http://example:1", "CachePeriodInMinutes": 1440}]}


@pytest.mark.parametrize("region", ["../../etc", "EU-WEST-1", "", "a" * 50])
def test_region_is_no_path(server: HttpServer, region: str) -> None:
    """Whatever stands in the credential scope, only the name of a region names a folder."""
    credential = f"Authorization: AWS4-HMAC-SHA256 Credential=a/20261122/{region}/timestream/aws4_request"
    status, _ = answer(
        talk(server, request("Timestream_20181101.CreateDatabase", b'{"DatabaseName": "abc"}', credential))
    )
    assert status == 200
    _, listed = answer(talk(server, request(LIST)))
    assert [one["DatabaseName"] for one in listed["Databases"]] == ["abc"]


def test_server_listens_on_loopback_only(server: HttpServer) -> None:
    """Nothing answers on the machine's other addresses."""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", server.port), timeout=1):  # noqa: PT011
        pass
