"""A kept connection: what a server, a proxy and a certificate may do to it."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted_api import HANG_UP, dribble, raw, scripted_api, status
from tidegauge_client import Connection

BODY = b'{"metrics":[]}'
HEADERS = {"Content-Type": "application/json"}
OK = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


def test_one_connection_serves_many_requests() -> None:
    """It is opened once."""
    with scripted_api() as api:
        connection = Connection(f"{api.url}/metrics")
        assert [connection.post(BODY, HEADERS).status for _ in range(5)] == [202] * 5
        connection.close()
    assert api.connections == 1
    assert {request.line for request in api.requests} == {"POST /dev/metrics HTTP/1.1"}


def test_a_connection_that_was_ended_meanwhile_is_made_again() -> None:
    """At once, as that says nothing about the API; on a new one it is no answer."""
    closing = raw(OK.replace("Length: 2", "Length: 2\r\nX: y"))
    with scripted_api(closing, status(202), HANG_UP) as api:
        connection = Connection(f"{api.url}/metrics")
        assert [connection.post(BODY, HEADERS).status for _ in range(2)] == [202, 202]
        connection.close()
        assert connection.post(BODY, HEADERS).status == 0
        assert connection.post(BODY, HEADERS).status == 202
        connection.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", 0),
        ("HTTP/1.1 20", 0),
        ("SSH-2.0\r\n", 0),
        ("HTTP/1.1 202 Acc", 202),
        (OK[:-1], 202),
        (OK.replace("Length: 2", "Length: -5"), 202),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 202),
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 99999999\r\n\r\n" + "x" * 100_000, 202),
        ("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\n", 503),
        ("HTTP/1.1 202 Accepted\r\n" + "X: y\r\n" * 200, 0),
    ],
)
def test_half_an_answer_is_one_if_its_status_is_there(answer: str, expected: int) -> None:
    """A request that the API took is not sent again because the rest is missing; the connection is not used again."""
    with scripted_api(raw(answer)) as api:
        connection = Connection(f"{api.url}/metrics")
        first = connection.post(BODY, HEADERS)
        assert first.status == expected
        assert first.retry_after_s == (7 if expected == 503 else 0)
        assert connection.post(BODY, HEADERS).status == 202
        connection.close()
    assert api.connections == 2


def test_a_request_has_its_time_as_a_whole() -> None:
    """A server that says a byte now and then does not hold it for ever."""
    with scripted_api(dribble(OK, every_s=0.05)) as api:
        connection = Connection(f"{api.url}/metrics", timeout_s=0.5)
        began_s = time.monotonic()
        assert str(connection.post(BODY, HEADERS)) == "no reply: timed out"
        assert time.monotonic() - began_s < 2
        assert connection.post(BODY, HEADERS).status == 202
        connection.close()


def test_a_redirect_is_not_followed() -> None:
    """Whoever is named there does not get the credentials, nor the points."""
    with scripted_api() as elsewhere, scripted_api(status(307, Location=f"{elsewhere.url}/metrics")) as api:
        connection = Connection(f"{api.url}/metrics")
        reply = connection.post(BODY, {**HEADERS, "Authorization": "Bearer secret"})
        connection.close()
    assert (reply.status, reply.passing, elsewhere.requests) == (307, False, [])
    assert "redirected to http" in reply.text


def test_an_answer_before_the_body_was_read_is_seen() -> None:
    """A server may refuse what is too large without a look at it."""

    def refuse(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10)
            connection.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.3)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refuse, args=(server,))
        thread.start()
        connection = Connection(f"http://127.0.0.1:{server.getsockname()[1]}/metrics", timeout_s=5)
        assert connection.post(b"x" * 10_000_000, HEADERS).status in {413, 0}
        thread.join()
        connection.close()


def test_nobody_there_is_no_answer() -> None:
    """With the system's words."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        reply = Connection(f"http://127.0.0.1:{one.getsockname()[1]}/metrics").post(BODY, HEADERS)
    assert reply.status == 0
    assert "refused" in reply.text


def test_requests_go_by_the_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """In absolute form for HTTP, with the proxy's credentials; to this machine directly."""
    with scripted_api() as proxy:
        address = proxy.url.removesuffix("/dev").replace("http://", "http://user:p%40ss@")
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        connection = Connection("http://api.example/prod/metrics")
        assert connection.post(BODY, HEADERS).status == 202
        connection.close()
        [request] = proxy.requests
        with scripted_api() as api:
            direct = Connection(f"{api.url}/metrics")
            assert direct.post(BODY, HEADERS).status == 202
            direct.close()
        assert len(proxy.requests) == 1
        monkeypatch.setenv("no_proxy", ".example")
        assert Connection("http://api.example/prod/metrics", timeout_s=2).post(BODY, HEADERS).status == 0
        assert len(proxy.requests) == 1
    assert request.line == "POST http://api.example/prod/metrics HTTP/1.1"
    assert request.headers["host"] == "api.example"
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


def test_https_goes_through_the_proxy_as_through_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which sees the host's name and nothing of the request; one that refuses is no answer."""
    with scripted_api(status(407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/dev"))
        monkeypatch.delenv("no_proxy", raising=False)
        reply = Connection("https://api.example/prod/metrics").post(BODY, {"Authorization": "Bearer secret"})
    assert reply.status == 0
    assert "407" in reply.text
    assert proxy.requests[0].line.startswith("CONNECT api.example:443 ")
    assert "authorization" not in proxy.requests[0].headers


def test_a_proxy_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request does not go past it."""
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert "socks5" in Connection("http://api.example/metrics").post(BODY, HEADERS).text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's, signed by itself, with its key."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def secure(certificate: Path) -> Iterator[str]:
    """A TLS server that answers 202."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(server: socket.socket) -> None:
        for _ in range(3):
            connection, _ = server.accept()
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secured:
                        asked = b""
                        while not asked.endswith(BODY):
                            asked += secured.recv(65536)
                        secured.sendall(OK.encode())
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}/metrics"
        for _ in range(3):
            socket.create_connection(server.getsockname()).close()
        thread.join(5)


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: str, certificate: Path) -> None:
    """And taken by who trusts it."""
    reply = Connection(secure).post(BODY, HEADERS)
    assert (reply.status, "CERTIFICATE_VERIFY_FAILED" in reply.text) == (0, True)
    trusting = Connection(secure, ssl_context=ssl.create_default_context(cafile=f"{certificate}.crt"))
    assert trusting.post(BODY, HEADERS).status == 202
    trusting.close()
