"""The client of this package's own servers."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.http_client import HttpClient
from emulator.http_server import HttpRequest, HttpServer, Response


class Echo:
    """Answers with what it was told, or else with the request's body, and notes every request."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.threads: set[int] = set()
        self.response: Response | None = None

    def answer(self, request: HttpRequest) -> Response:
        """The response."""
        self.requests.append(request)
        self.threads.add(threading.get_ident())
        return self.response or Response(200, (("Content-Type", "x/y"),), request.body)

    def too_large(self, _: HttpRequest) -> Response:
        """No test sends that much."""
        return Response(413)


@pytest.fixture
def echo() -> Iterator[tuple[Echo, HttpServer]]:
    """A server that answers with what it got."""
    answerer = Echo()
    server = HttpServer(0, name="echo", body_limit=10_000_000)
    server.start(answerer)
    yield answerer, server
    server.close()


@pytest.fixture
def client(echo: tuple[Echo, HttpServer]) -> Iterator[HttpClient]:
    """A client of that server."""
    client = HttpClient("127.0.0.1", echo[1].port, timeout_s=5)
    yield client
    client.close()


def post(body: bytes = b"", *headers: tuple[str, str]) -> HttpRequest:
    """A request with a body."""
    return HttpRequest("POST", "/a?b=c", headers, body)


@given(bodies=st.lists(st.binary(max_size=300).map(lambda part: part * 1_500), max_size=4))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bodies_pass_whole_on_one_connection(
    echo: tuple[Echo, HttpServer], client: HttpClient, bodies: list[bytes]
) -> None:
    """Of any size, both ways, one after the other."""
    assert [client.send(post(body)).body for body in bodies] == bodies
    assert len(echo[0].threads) <= 1


def test_a_request_passes_but_for_what_is_about_the_connection(
    echo: tuple[Echo, HttpServer], client: HttpClient
) -> None:
    """Method, target and other headers stay; the body's length is its own."""
    sent = (("Host", "example.com"), ("Expect", "100-continue"), ("X-A", "ü"), ("Content-Length", "99"))
    client.send(post(b"four", *sent))
    (request,) = echo[0].requests
    assert (request.method, request.target, request.body) == ("POST", "/a?b=c", b"four")
    assert list(request.headers) == [("Host", "example.com"), ("X-A", "ü"), ("Content-Length", "4")]


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_an_answer_passes(echo: tuple[Echo, HttpServer], client: HttpClient, status: int) -> None:
    """Status, headers and body, also where there can be none; and the connection is good for another."""
    echo[0].response = Response(status, (("A", "1"), ("B", "x: y")), b"" if status == 204 else b"body")
    assert client.send(post()) == Response(status, [("A", "1"), ("B", "x: y")], echo[0].response.body)
    assert client.send(HttpRequest("HEAD", "/", (), b"")).body == b""
    assert client.send(post()).body == echo[0].response.body
    assert len(echo[0].threads) == 1


def test_requests_at_once_have_a_connection_each(echo: tuple[Echo, HttpServer], client: HttpClient) -> None:
    """No answer goes to another's request."""
    bodies = [str(number).encode() for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda body: client.send(post(body)).body, bodies)) == bodies


def _listener(answer: Callable[[socket.socket], object]) -> tuple[socket.socket, threading.Thread]:
    """A server of raw bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return server, thread


def test_a_connection_that_was_closed_is_not_used_again() -> None:
    """A server that closes after each answer, unasked, gets the next request on another connection."""
    server, _ = _listener(lambda to: to.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    client = HttpClient("127.0.0.1", server.getsockname()[1], timeout_s=5)
    for _ in range(3):
        assert client.send(post()).body == b"ok"
        client._idle[0]._reading.poll(5_000)  # until the end of the connection has come
    client.close()
    server.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(answer: bytes) -> None:
    """It is not sent again: a write whose answer was lost may have been done."""
    asked: list[int] = []

    def reply(connection: socket.socket) -> None:
        asked.append(1)
        connection.sendall(answer)

    server, _ = _listener(reply)
    client = HttpClient("127.0.0.1", server.getsockname()[1], timeout_s=5)
    with pytest.raises(OSError, match=r"ended before|not read here"):
        client.send(post())
    assert asked == [1]
    server.close()


def test_nobody_there_and_nobody_who_answers_are_errors() -> None:
    """A refused connection, and an answer that does not come in time."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    with pytest.raises(TimeoutError):
        HttpClient("127.0.0.1", port, timeout_s=0.05).send(post())
    server.close()
    with pytest.raises(ConnectionRefusedError):
        HttpClient("127.0.0.1", port, timeout_s=1).send(post())
