"""The HTTP client and servers that do what they should not."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.client import HttpClient
from handlers.adapters.http.connections import Timeouts
from handlers.adapters.http.origins import origin_of
from tests.support.certificates import self_signed
from tests.support.raw_server import raw_server, read_request

TIMEOUTS = Timeouts(5, 5)
IMPATIENT = Timeouts(0.3, 0.3)
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes!"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def end_of(client: HttpClient, url: str, request: bytes = REQUEST) -> Answer | BotoCoreError:
    """The end of one request."""
    client.start(origin_of(url), request, "key")
    [(key, end)] = client.ended(20)
    assert key == "key"
    return end


def answering(answer: Callable[[int], bytes] = lambda _: ANSWER) -> Callable[[socket.socket, int], None]:
    """The behaviour of a server that answers each request with the bytes for its connection's number."""

    def behave(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            connection.sendall(answer(number))

    return behave


def test_an_answer_that_comes_byte_by_byte_is_read() -> None:
    """Each byte in a packet of its own."""

    def behave(connection: socket.socket, _: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        read_request(connection)
        for byte in ANSWER:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)

    with raw_server(behave) as port:
        end = end_of(HttpClient(TIMEOUTS), f"http://127.0.0.1:{port}")
    assert isinstance(end, Answer)
    assert end.body == b"yes!"


def test_a_connection_that_closes_at_any_byte_is_tried_once_more() -> None:
    """A part of an answer is none; the second connection's whole one is, and a second part is the end."""
    for cut in range(len(ANSWER)):
        numbers: list[int] = []

        def behave(
            connection: socket.socket, number: int, cut: int = cut, numbers: list[int] = numbers
        ) -> None:
            numbers.append(number)
            read_request(connection)
            connection.sendall(ANSWER if number == 2 else ANSWER[:cut])

        with raw_server(behave) as port:
            client = HttpClient(TIMEOUTS)
            first, second = (
                end_of(client, f"http://127.0.0.1:{port}"),
                end_of(client, f"http://127.0.0.1:{port}"),
            )
        assert isinstance(first, Answer)
        assert isinstance(second, ConnectionClosedError)
        assert len(numbers) in {3, 4}  # the end of the second connection is seen before or after it is used


@pytest.mark.parametrize(
    "answer", [b"\x16\x03\x01garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_garbage_is_a_closed_connection(answer: bytes) -> None:
    """As botocore has it."""
    with raw_server(answering(lambda _: answer)) as port:
        assert isinstance(end_of(HttpClient(TIMEOUTS), f"http://127.0.0.1:{port}"), ConnectionClosedError)


def test_an_answer_to_no_request_is_nobodys() -> None:
    """What a server sends before it is asked, or after its answer, never counts as the answer to the next request."""

    def behave(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
        if number == 1:
            time.sleep(0.05)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            done.set()
        asked_again.append((number, read_request(connection)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlater")

    done = threading.Event()
    asked_again: list[tuple[int, bytes]] = []
    with raw_server(behave) as port:
        client = HttpClient(TIMEOUTS)
        first = end_of(client, f"http://127.0.0.1:{port}")
        assert done.wait(10)
        second = end_of(client, f"http://127.0.0.1:{port}")
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (first.body, second.body) == (b"1", b"2")
    assert all(request == b"" for _, request in asked_again)


def test_an_answer_before_the_request_is_sent_ends_it() -> None:
    """A server that refuses a large body before it has it all is heard, and its connection is not used again."""

    def behave(connection: socket.socket, _: int) -> None:
        connection.recv(10)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        gone.wait(10)

    gone = threading.Event()
    with raw_server(behave) as port:
        client = HttpClient(TIMEOUTS)
        end = end_of(client, f"http://127.0.0.1:{port}", bytes(20_000_000))
        gone.set()
    assert isinstance(end, Answer)
    assert (end.status, end.keep) == (413, False)


def test_an_answer_of_a_server_that_listens_no_more_is_heard() -> None:
    """It closed the connection while the request was on its way, after it had said why."""

    def behave(connection: socket.socket, _: int) -> None:
        connection.recv(10)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    with raw_server(behave) as port:
        end = end_of(HttpClient(TIMEOUTS), f"http://127.0.0.1:{port}", bytes(20_000_000))
    assert isinstance(end, Answer)
    assert (end.status, end.keep) == (413, False)


def test_a_connection_that_is_said_to_close_is_not_used_again() -> None:
    """Even if it would still answer."""
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n%d"
    with raw_server(answering(lambda number: answer % number)) as port:
        client = HttpClient(TIMEOUTS)
        ends = [end_of(client, f"http://127.0.0.1:{port}") for _ in range(3)]
    assert [end.body for end in ends if isinstance(end, Answer)] == [b"1", b"2", b"3"]


def test_the_time_to_connect_is_not_that_of_an_answer() -> None:
    """Each answer has its own, from its request on, over a new connection and over one that was idle."""

    def behave(connection: socket.socket, _: int) -> None:
        while read_request(connection):
            time.sleep(0.3)
            connection.sendall(ANSWER)

    with raw_server(behave) as port:
        client = HttpClient(Timeouts(0.2, 0.7))
        assert isinstance(end_of(client, f"http://127.0.0.1:{port}"), Answer)
        time.sleep(0.5)
        assert isinstance(end_of(client, f"http://127.0.0.1:{port}"), Answer)


def test_a_large_request_and_a_large_answer_arrive_whole() -> None:
    """Neither fits in the sockets' buffers."""
    body = bytes(range(256)) * 40_000
    heard: list[bytes] = []

    def behave(connection: socket.socket, _: int) -> None:
        heard.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with raw_server(behave) as port:
        end = end_of(HttpClient(TIMEOUTS), f"http://127.0.0.1:{port}", request)
    assert isinstance(end, Answer)
    assert end.body == body
    assert heard == [request]


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_server_that_hangs_is_given_up_in_time(first: bytes) -> None:
    """Whatever it has sent until then; the others' answers have come."""

    def behave(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(ANSWER if number != 2 else first)
        gone.wait(10)

    gone = threading.Event()
    with raw_server(behave) as port:
        client, origin = HttpClient(IMPATIENT), origin_of(f"http://127.0.0.1:{port}")
        for key in range(3):
            client.start(origin, REQUEST, key)
        ends: dict[Any, Answer | BotoCoreError] = {}
        began_s = time.monotonic()
        while len(ends) < 3:
            ends |= client.ended(5)
        gone.set()
    kinds = sorted(type(end).__name__ for end in ends.values())
    assert kinds == ["Answer", "Answer", "ReadTimeoutError"]
    assert 0.2 < time.monotonic() - began_s < 3


def test_a_drip_does_not_hold_a_request_for_ever() -> None:
    """An answer has its time from the request to its end, however busily it comes."""

    def behave(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not gone.wait(0.02):
            connection.sendall(b"x")

    gone = threading.Event()
    with raw_server(behave) as port:
        assert isinstance(end_of(HttpClient(IMPATIENT), f"http://127.0.0.1:{port}"), ReadTimeoutError)
        gone.set()


def test_nothing_that_ends_in_time_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told of no end, may give up, and goes on with connections that are new."""
    released = threading.Event()

    def behave(connection: socket.socket, number: int) -> None:
        read_request(connection)
        if number == 1:
            released.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    with raw_server(behave) as port:
        client = HttpClient(TIMEOUTS)
        client.start(origin_of(f"http://127.0.0.1:{port}"), REQUEST, "abandoned")
        looked = Mock(side_effect=client._selector.select)
        monkeypatch.setattr(client, "_selector", Mock(wraps=client._selector, select=looked))
        assert client.ended(0.2) == []
        assert looked.call_count < 10  # waiting is no work
        client.abandon()
        assert client.ended(5) == []
        released.set()
        end = end_of(client, f"http://127.0.0.1:{port}")
    assert isinstance(end, Answer)
    assert end.body == b"2"


def test_many_requests_are_in_flight_at_once_and_their_connections_are_kept() -> None:
    """All of fifty are waiting before the first is answered; the next fifty need no new connection."""
    together = threading.Barrier(50, timeout=20)
    numbers: set[int] = set()

    def behave(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            together.wait()
            numbers.add(number)
            connection.sendall(ANSWER)

    with raw_server(behave) as port:
        client, origin = HttpClient(TIMEOUTS), origin_of(f"http://127.0.0.1:{port}")
        for _ in range(3):
            for key in range(50):
                client.start(origin, REQUEST, key)
            keys: list[object] = []
            while len(keys) < 50:
                keys += [key for key, _ in client.ended(20)]
            assert sorted(keys) == list(range(50))  # type: ignore[type-var]
    assert len(numbers) == 50


def test_connections_that_went_stale_together_are_all_replaced() -> None:
    """After a freeze, a request that finds its connection closed goes over a new one, not over the next stale one."""
    stale: list[socket.socket] = []

    def behave(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            stale.append(connection)
            connection.sendall(ANSWER)
            if number <= 10:
                together.wait(20)
                read_request(connection)  # heard, and hung up on
                return

    together = threading.Barrier(10, timeout=20)
    with raw_server(behave) as port:
        client, origin = HttpClient(TIMEOUTS), origin_of(f"http://127.0.0.1:{port}")
        for count in (10, 1, 9):
            for key in range(count):
                client.start(origin, REQUEST, key)
            ends: list[Any] = []
            while len(ends) < count:
                ends += [end for _, end in client.ended(20)]
            assert [type(end) for end in ends] == [Answer] * count
    assert len(stale) in {19, 20}


def test_nobody_listening_is_told_as_botocore_tells_it() -> None:
    """A refused connection, and a name that there is none of."""
    assert isinstance(end_of(HttpClient(TIMEOUTS), "http://127.0.0.1:1"), EndpointConnectionError)
    assert isinstance(end_of(HttpClient(TIMEOUTS), "http://nobody.invalid"), EndpointConnectionError)
    assert isinstance(end_of(HttpClient(TIMEOUTS), f"http://{'x' * 70}.invalid"), EndpointConnectionError)


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses of every name, for a test to fill."""
    found: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))
    return found


def test_the_next_address_of_a_name_is_tried(addresses: list[Any]) -> None:
    """Where the first refuses, is of a family that there is none of, or does not answer in time; until none is left."""
    kind = (socket.SOCK_STREAM, 6, "")
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
    with raw_server(answering()) as port:
        addresses += [
            (socket.AF_INET, *kind, ("127.0.0.1", 1)),
            (999, *kind, ("::1", 1)),
            (socket.AF_INET, *kind, full.getsockname()),
            (socket.AF_INET, *kind, ("127.0.0.1", port)),
        ]
        assert isinstance(end_of(HttpClient(IMPATIENT), "http://name.example"), Answer)
    addresses.pop()
    assert isinstance(end_of(HttpClient(IMPATIENT), "http://name.example"), ConnectTimeoutError)
    addresses[:] = [(999, *kind, ("::1", 1))]
    assert isinstance(end_of(HttpClient(IMPATIENT), "http://name.example"), EndpointConnectionError)
    addresses.insert(0, (socket.AF_INET, *kind, ("127.0.0.1", 1)))
    client = HttpClient(IMPATIENT)
    assert isinstance(end_of(client, "http://name.example"), EndpointConnectionError)
    client.abandon()
    for one in (full, *fillers):
        one.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, signed by itself."""
    return self_signed(tmp_path)


def serving(certificate: Path) -> ssl.SSLContext:
    """TLS of a server with the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_carries_many_requests(certificate: Path) -> None:
    """Requests and answers larger than a record of TLS too, over connections that are kept."""
    body = bytes(200_000)
    numbers: set[int] = set()

    def behave(connection: socket.socket, number: int) -> None:
        while read_request(connection):
            numbers.add(number)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with raw_server(behave, serving(certificate)) as port:
        client, origin = HttpClient(TIMEOUTS, str(certificate)), origin_of(f"https://127.0.0.1:{port}")
        for _ in range(3):
            ends: list[Any] = []
            for key in range(5):
                client.start(origin, request, key)
            while len(ends) < 5:
                ends += [end for _, end in client.ended(20)]
            assert all(end.body == body for end in ends)
    assert len(numbers) == 5


@pytest.mark.parametrize("names", [["other.example"], ["127.0.0.2"], []])
def test_a_certificate_of_another_is_refused(tmp_path: Path, names: list[str]) -> None:
    """One for another name, and one from an authority that is not believed; no byte of a request is sent."""
    heard: list[bytes] = []
    shown = self_signed(tmp_path, *names)
    (tmp_path / "other").mkdir()
    believed = shown if names else self_signed(tmp_path / "other")
    with raw_server(lambda connection, _: heard.append(read_request(connection)), serving(shown)) as port:
        end = end_of(HttpClient(TIMEOUTS, str(believed)), f"https://127.0.0.1:{port}")
    assert isinstance(end, SSLError)
    assert not any(heard)


def test_a_certificate_is_held_against_the_name_that_was_asked_for(tmp_path: Path) -> None:
    """Not against the address that the name has."""
    for names, kind in ((["localhost"], Answer), (["127.0.0.1"], SSLError)):
        certificate = self_signed(tmp_path, *names)
        with raw_server(answering(), serving(certificate)) as port:
            end = end_of(HttpClient(TIMEOUTS, str(certificate)), f"https://localhost:{port}")
        assert isinstance(end, kind)


@pytest.mark.parametrize(
    "hello", [b"", b"HTTP/1.1 400 No TLS\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\x00" * 99]
)
def test_what_is_no_tls_is_refused(hello: bytes, certificate: Path) -> None:
    """A server that hangs up, speaks HTTP, sends an alert or garbage."""

    def behave(connection: socket.socket, _: int) -> None:
        connection.recv(65536)
        connection.sendall(hello)

    with raw_server(behave) as port:
        assert isinstance(
            end_of(HttpClient(TIMEOUTS, str(certificate)), f"https://127.0.0.1:{port}"), SSLError
        )


def test_a_handshake_that_hangs_is_given_up(certificate: Path) -> None:
    """It has the time of a connection."""
    gone = threading.Event()
    with raw_server(lambda *_: gone.wait(10)) as port:
        end = end_of(HttpClient(IMPATIENT, str(certificate)), f"https://127.0.0.1:{port}")
        gone.set()
    assert isinstance(end, ConnectTimeoutError)


def test_a_file_of_certificates_that_is_none_is_an_error_of_tls(tmp_path: Path) -> None:
    """It is told for each request, as botocore does."""
    with raw_server(answering()) as port:
        assert isinstance(
            end_of(HttpClient(TIMEOUTS, str(tmp_path / "none")), f"https://127.0.0.1:{port}"), SSLError
        )


def test_a_body_that_only_a_cut_connection_ends_is_none_in_tls(certificate: Path) -> None:
    """Anybody on the way can cut a connection; only the server can end TLS."""

    def behave(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")

    with raw_server(behave, serving(certificate)) as port:
        end = end_of(HttpClient(TIMEOUTS, str(certificate)), f"https://127.0.0.1:{port}")
    assert isinstance(end, ConnectionClosedError)


class _Proxy:
    """A proxy that asks for a password, and keeps what it was asked for; `consent` is its answer to CONNECT."""

    def __init__(self, consent: bytes = b"HTTP/1.0 200 Connection established\r\n\r\n") -> None:
        self.asked: list[bytes] = []
        self._consent = consent

    def __call__(self, connection: socket.socket, _number: int) -> None:
        request = read_request(connection)
        self.asked.append(request)
        connection.sendall(self._consent)
        if b" 200 " not in self._consent:
            return
        name, _, port = request.split(b" ")[1].decode().partition(":")
        with socket.create_connection((name, int(port))) as onward:
            back = threading.Thread(target=_pass_on, args=(onward, connection), daemon=True)
            back.start()
            _pass_on(connection, onward)
            back.join(5)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[_Proxy], None]]:
    """Puts a proxy between us and everybody."""
    running = []

    def through(proxy: _Proxy) -> None:
        running.append(raw_server(proxy))
        port = running[-1].__enter__()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{port}")

    yield through
    for server in running:
        server.__exit__(None, None, None)


def test_a_proxy_is_asked_to_connect(certificate: Path, proxied: Callable[[_Proxy], None]) -> None:
    """Once for a connection, with the password of its URL; TLS goes through it to the server, which is verified."""
    proxy = _Proxy()
    proxied(proxy)
    heard: list[bytes] = []

    def behave(connection: socket.socket, _: int) -> None:
        while request := read_request(connection):
            heard.append(request)
            connection.sendall(ANSWER)

    with raw_server(behave, serving(certificate)) as port:
        client = HttpClient(TIMEOUTS, str(certificate))
        ends = [end_of(client, f"https://127.0.0.1:{port}") for _ in range(3)]
        assert all(isinstance(end, Answer) for end in ends)
        assert heard == [REQUEST] * 3
        host = f"127.0.0.1:{port}"
        line = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"
        assert proxy.asked == [line.encode()]
        assert isinstance(end_of(HttpClient(TIMEOUTS), f"https://127.0.0.1:{port}"), SSLError)


@pytest.mark.parametrize(
    "consent",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nforged",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200",
        b"",
    ],
)
def test_a_proxy_that_refuses_is_told_without_its_password(
    consent: bytes, proxied: Callable[[_Proxy], None], certificate: Path
) -> None:
    """Whatever it answers but its consent, and nothing after that."""
    proxied(_Proxy(consent))
    end = end_of(HttpClient(TIMEOUTS, str(certificate)), "https://somewhere.example")
    assert isinstance(end, ProxyConnectionError)
    assert "p@ss" not in str(end)
    assert "p%40ss" not in str(end)


def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a fault of the proxy, not of the service."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:1")
    end = end_of(HttpClient(TIMEOUTS), "https://somewhere.example")
    assert isinstance(end, ProxyConnectionError)
    assert "secret" not in str(end)


def test_a_client_that_is_not_needed_any_more_leaves_no_socket() -> None:
    """Neither idle connections nor those in flight."""
    gone = threading.Event()

    def behave(connection: socket.socket, number: int) -> None:
        read_request(connection)
        if number == 1:
            connection.sendall(ANSWER)
        ended.append(connection.recv(1))
        if len(ended) == 2:
            gone.set()

    ended: list[bytes] = []
    with raw_server(behave) as port:
        client = HttpClient(TIMEOUTS)
        assert isinstance(end_of(client, f"http://127.0.0.1:{port}"), Answer)
        client.start(origin_of(f"http://localhost:{port}"), REQUEST, "key")
        assert client.ended(0.1) == []
        del client
        assert gone.wait(10)
    assert ended == [b"", b""]
