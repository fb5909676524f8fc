"""Calls of the local AWS by its own parts, without a connection and over HTTP."""

from collections.abc import Iterator

import pytest

from emulator.aws_request import AwsRequest
from emulator.direct_calls import CallError, DirectClient
from emulator.http_server import HttpRequest, HttpServer, Response
from emulator.iam.credentials import OPERATOR, Credentials


class Told:
    """An endpoint, and a server, that answer as told and note what they were asked."""

    def __init__(self, answer: Response | None) -> None:
        self.asked: list[AwsRequest] = []
        self._answer = answer

    def answer_at_once(self, request: HttpRequest) -> Response | None:
        """The answer that was told."""
        self.asked.append(AwsRequest.of(request))
        return self._answer

    def answer(self, request: HttpRequest) -> Response:
        """The answer that was told, over HTTP."""
        return self.answer_at_once(request) or Response(500)

    def too_large(self, _: HttpRequest) -> Response:
        """No test sends that much."""
        return Response(413)


@pytest.fixture
def over_http() -> Iterator[tuple[Told, str]]:
    """A server that answers `{"over": "HTTP"}`, and its address."""
    told = Told(Response(200, body=b'{"over": "HTTP"}'))
    server = HttpServer(0, name="told", body_limit=1000)
    server.start(told)
    yield told, server.url
    server.close()


def client(url: str, endpoint: Told | None, caller: Credentials = OPERATOR) -> DirectClient:
    """A client of Kinesis."""
    return DirectClient(
        "kinesis", "Kinesis_20131202", endpoint_url=url, region="eu-west-1", caller=caller, endpoint=endpoint
    )


def test_a_call_needs_no_connection(over_http: tuple[Told, str]) -> None:
    """What the endpoint answers at once is the answer; nobody is called."""
    server, url = over_http
    endpoint = Told(Response(200, body=b'{"over": "nothing"}'))
    assert client(url, endpoint).call("ListShards", {"StreamName": "s"}) == {"over": "nothing"}
    assert server.asked == []


def test_a_call_says_what_it_is_on_both_ways(over_http: tuple[Told, str]) -> None:
    """Operation, service, region, caller and body are the same without a connection and over HTTP."""
    server, url = over_http
    caller = Credentials("ASIAEXAMPLE", "secret", "token", role_arn="arn:aws:iam::1:role/a", session="s")
    endpoint = Told(None)
    assert client(url, endpoint, caller).call("ListShards", {"StreamName": "s"}) == {"over": "HTTP"}
    for request in (*endpoint.asked, *server.asked):
        assert (request.operation, request.service, request.region) == ("ListShards", "kinesis", "eu-west-1")
        assert request.header("x-amz-security-token") == "token"
        assert "ASIAEXAMPLE" in (request.header("authorization") or "")
        assert request.json() == {"StreamName": "s"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response(400, body=b'{"__type": "ExpiredIteratorException", "message": "old"}'), "ExpiredIterator"),
        (Response(500, body=b"internal error"), "status 500"),
    ],
)
def test_a_refusal_is_an_error_that_says_why(answer: Response, words: str) -> None:
    """The service's code, or else the status."""
    with pytest.raises(CallError, match=words):
        client("http://127.0.0.1:9", Told(answer)).call("GetRecords", {})


def test_nobody_there_is_an_error() -> None:
    """A call that must go over HTTP, where nobody listens, says so."""
    with pytest.raises(CallError, match="refused"):
        client("http://127.0.0.1:9", Told(None)).call("GetRecords", {})
