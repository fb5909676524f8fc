"""The wires to Timestream: whatever the service and the network do, both end a call alike."""

import datetime as dt
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.adapters.aws import aws_errors, translate
from handlers.adapters.timestream import wire as module
from handlers.adapters.timestream.sdk_wire import SdkWire
from handlers.adapters.timestream.wire import PooledWire
from handlers.domain.errors import TransientError
from tests.support.certificates import self_signed
from tests.support.scripted_socket import ANSWER, Heard, ScriptedSocket, scripted_socket

BODY = b'{"Records": []}'
WIRES = (SdkWire, PooledWire)
AnyWire = SdkWire | PooledWire


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedSocket]:
    """A server that accepts everything."""
    with scripted_socket() as server:
        yield server


def url(server: ScriptedSocket, scheme: str = "http") -> str:
    """The server's address."""
    return f"{scheme}://127.0.0.1:{server.port}"


def reply(status: int, body: bytes, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Some", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def send(wire: AnyWire) -> None:
    """One call, from its start to its end."""
    wire.start(BODY, "the call")
    [(call, error)] = wire.ended(30)
    assert call == "the call"
    if error is not None:
        raise error


def outcome(wire: AnyWire) -> tuple[str, ...]:
    """The end of a call as the store sees it: stored, or the failure with its words and what is known of records."""
    try:
        send(wire)
    except ClientError as error:
        failure = translate(error)
        rejected = error.response.get("RejectedRecords")
        message = str(error.response["Error"].get("Message"))
        return type(failure).__name__, str(failure), str(rejected), message
    except aws_errors() as error:
        return type(translate(error)).__name__, str(translate(error))
    return ("stored",)


REJECTED = [{"RecordIndex": 3, "Reason": "old", "ExistingVersion": 7}, {"RecordIndex": 4, "Reason": "bad"}]
ANSWERS = [
    ANSWER,
    reply(200, b'{"RecordsIngested": {"Total": 1}}'),
    reply(419, json.dumps({"__type": "x#RejectedRecordsException", "RejectedRecords": REJECTED}).encode()),
    reply(400, b'{"__type": "com.amazonaws.x#ThrottlingException", "message": "slow down"}'),
    reply(400, b'{"__type": "ValidationException:http://x", "Message": "no"}'),
    reply(400, b'{"__type": "AccessDeniedException", "Message": "arn:aws:iam::123456789012:role/x"}'),
    reply(400, b"{}"),
    reply(400, b"[]"[:0]),
    reply(403, b"<html>forbidden</html>"),
    reply(413, b"", "Connection: close"),
    reply(429, b'{"message": "too many"}'),
    reply(500, b'{"__type": "InternalServerException"}'),
    reply(503, b"<html>unavailable</html>"),
    reply(503, b""),
    reply(301, b"", "Location: http://169.254.169.254/latest"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
    b"",
    b"no HTTP at all\r\n\r\n",
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer[:40].decode() or "hangs up")
def test_both_wires_end_a_call_alike(
    server: ScriptedSocket, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of answer, whole or not, has the same outcome by either wire, and no redirect is followed."""
    monkeypatch.setattr(module, "READ_TIMEOUT_S", 0.5)
    server.answer = lambda _: answer
    by_sdk, pooled = (outcome(wire(2, url(server))) for wire in WIRES)
    assert pooled == by_sdk


@given(
    st.integers(400, 599),
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda code, message, members: json.dumps(
                {"__type": code, "message": message, **members}
            ).encode(),
            st.text(max_size=20),
            st.one_of(st.none(), st.text(max_size=20)),
            st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
        ),
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_errors_are_parsed_as_the_sdk_parses_them(server: ScriptedSocket, status: int, body: bytes) -> None:
    """Whatever the body of a failure is, the failure that the store is told is the client's own."""
    server.answer = lambda _: reply(status, body)
    found = []
    for wire in WIRES:
        try:
            found.append(outcome(wire(1, url(server))))
        except Exception as error:  # noqa: BLE001 -- the client itself may fail at such a body
            found.append(("failed", type(error).__name__))
    assert found[1] == found[0] or found[0][0] == "failed"


def test_the_request_is_the_sdks(server: ScriptedSocket) -> None:
    """Method, target, content type, session token and what is signed are the client's, and so is the scope."""
    for wire in WIRES:
        send(wire(1, url(server)))
    by_sdk, pooled = server.heard
    assert (pooled.line, pooled.body) == (by_sdk.line, by_sdk.body) == ("POST / HTTP/1.1", BODY)
    for name in ("content-type", "x-amz-target", "x-amz-security-token", "host"):
        assert pooled.headers[name] == by_sdk.headers[name]
    signed = [heard.headers["authorization"].split(", ") for heard in (by_sdk, pooled)]
    assert signed[1][:2] == signed[0][:2]
    assert "/eu-west-1/timestream/aws4_request" in pooled.headers["authorization"]


@pytest.mark.parametrize("body", [b"", b"<html>sign in</html>", b"[]"])
def test_nothing_is_stored_by_an_answer_that_is_not_timestreams(server: ScriptedSocket, body: bytes) -> None:
    """Where something between answers 200 in its place, the call is tried again; the client takes that for stored."""
    server.answer = lambda _: reply(200, body)
    assert outcome(PooledWire(1, url(server))) == ("TransientError", "HTTPClientError")


def test_connections_are_kept(server: ScriptedSocket) -> None:
    """Calls one after the other go over one connection."""
    wire = PooledWire(4, url(server))
    for _ in range(5):
        send(wire)
    assert {heard.connection for heard in server.heard} == {1}


@pytest.mark.parametrize("harm", ["closed while idle", "hung up on"])
def test_a_connection_that_went_stale_costs_no_attempt(server: ScriptedSocket, harm: str) -> None:
    """What the service closed while the function was frozen, or closes as the request comes, is tried once more."""
    wire = PooledWire(1, url(server))
    send(wire)
    if harm == "closed while idle":
        server.close_connections()
    else:
        server.answer = lambda heard: b"" if heard.connection == 1 else ANSWER
    send(wire)
    assert server.heard[-1].connection == 2


def test_a_service_that_hangs_up_each_time_is_a_failure_that_may_pass(server: ScriptedSocket) -> None:
    """The second time in a row it is told."""
    server.answer = lambda _: b""
    assert outcome(PooledWire(1, url(server)))[0] == "TransientError"
    assert len(server.heard) == 2


def test_nobody_listening_is_a_failure_that_may_pass(server: ScriptedSocket) -> None:
    """A refused connection is no fault of the configuration."""
    gone = "http://127.0.0.1:1"
    assert (
        outcome(PooledWire(1, gone))
        == outcome(SdkWire(1, gone))
        == ("TransientError", "EndpointConnectionError")
    )


def test_a_silent_service_is_given_up_in_time(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer within the read timeout is a failure that may pass."""
    monkeypatch.setattr(module, "READ_TIMEOUT_S", 0.2)
    server.answer = lambda _: b"HTTP/1.1 200 OK\r\n"
    assert outcome(PooledWire(1, url(server))) == ("TransientError", "ReadTimeoutError")


class _Discovery:
    """A Timestream whose first address is the server's, and which answers as told from then on."""

    def __init__(self, server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url(server))
        self.asked = 0
        self.fails = False
        self.now_s = 0.0
        self.written: list[Heard] = []
        self.answer: Callable[[], bytes] = lambda: ANSWER
        self._address = url(server)
        server.answer = self._answer
        self.wire = PooledWire(1, clock=lambda: self.now_s)

    def _answer(self, heard: Heard) -> bytes:
        if not heard.headers["x-amz-target"].endswith("DescribeEndpoints"):
            self.written.append(heard)
            return self.answer()
        self.asked += 1
        if self.fails:
            return reply(500, b"")
        endpoint: Any = {"Address": self._address, "CachePeriodInMinutes": 2}
        return reply(200, json.dumps({"Endpoints": [endpoint]}).encode())


def test_the_endpoint_is_asked_for_when_its_time_is_over(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once, again after its time, and kept for a minute where that fails."""
    discovery = _Discovery(server, monkeypatch)
    for now_s, fails, asked in (
        (0, False, 1),
        (119, False, 1),
        (120, False, 2),
        (240, True, 3),
        (299, True, 3),
    ):
        discovery.now_s, discovery.fails = now_s, fails
        send(discovery.wire)
        assert discovery.asked == asked
    discovery.now_s, discovery.fails = 300, False
    send(discovery.wire)
    assert discovery.asked == 4
    assert len(discovery.written) == 6
    assert {heard.connection for heard in discovery.written} == {discovery.written[0].connection}


def test_calls_wait_together_for_the_endpoint(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once for all of them; if Timestream does not say, all fail, and the next ones ask again."""
    discovery = _Discovery(server, monkeypatch)
    discovery.wire.connections = 20
    for fails, asked in ((True, 1), (False, 2)):
        discovery.fails = fails
        for call in range(20):
            discovery.wire.start(BODY, call)
        ended: list[Any] = []
        while len(ended) < 20:
            ended += discovery.wire.ended(30)
        assert sorted(call for call, _ in ended) == list(range(20))
        assert {type(error).__name__ for _, error in ended} == {"ClientError" if fails else "NoneType"}
        assert discovery.asked == asked
    assert len(discovery.written) == 20


def test_an_endpoint_for_no_time_at_all_is_one_for_a_second(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that wait for it would ask without an end."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url(server))
    endpoint = {"Address": url(server), "CachePeriodInMinutes": 0}
    server.answer = lambda heard: (
        reply(200, json.dumps({"Endpoints": [endpoint]}).encode())
        if heard.headers["x-amz-target"].endswith("DescribeEndpoints")
        else ANSWER
    )
    wire = PooledWire(1, clock=lambda: 7.0)
    send(wire)
    send(wire)
    assert len(server.heard) == 3


def test_what_is_abandoned_is_not_heard_of_again(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither calls that waited for the endpoint, nor the answer to that question; the next call asks anew."""
    discovery = _Discovery(server, monkeypatch)
    answer, asked, gone = server.answer, threading.Event(), threading.Event()

    def hang(_: Heard) -> bytes:
        asked.set()
        gone.wait(10)
        return b""

    server.answer = hang
    for call in ("first", "second"):
        discovery.wire.start(BODY, call)
    assert discovery.wire.ended(0.05) == []
    assert asked.wait(10)
    discovery.wire.abandon()
    server.answer = answer
    gone.set()
    send(discovery.wire)
    assert discovery.wire.ended(0.05) == []
    assert len(discovery.written) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[]",
        b"no JSON",
        b'{"Endpoints": []}',
        b'{"Endpoints": [{"Address": "", "CachePeriodInMinutes": 1}]}',
        b'{"Endpoints": [{"Address": "http://[", "CachePeriodInMinutes": 1}]}',
        b'{"Endpoints": [{"Address": 7, "CachePeriodInMinutes": 1}]}',
        b'{"Endpoints": [{"Address": "a.example"}]}',
        b'{"Endpoints": [{"Address": "a.example", "CachePeriodInMinutes": "soon"}]}',
    ],
)
def test_an_answer_that_names_no_endpoint_is_a_failure_that_may_pass(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """Nothing is sent anywhere."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url(server))
    server.answer = lambda _: reply(200, answer)
    with pytest.raises(TransientError):
        send(PooledWire(1))
    assert len(server.heard) == 1


def test_an_endpoint_that_is_none_any_more_is_asked_for_anew(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InvalidEndpointException passes: the next call asks first."""
    discovery = _Discovery(server, monkeypatch)
    discovery.answer = lambda: reply(421, b'{"__type": "InvalidEndpointException"}')
    assert outcome(discovery.wire)[:2] == ("TransientError", "WriteRecords: InvalidEndpointException")
    discovery.answer = lambda: ANSWER
    assert outcome(discovery.wire) == ("stored",)
    assert discovery.asked == 2


def test_without_an_endpoint_nothing_is_sent(server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Timestream does not say where it is, the call fails as that does."""
    discovery = _Discovery(server, monkeypatch)
    discovery.fails = True
    assert outcome(discovery.wire)[:2] == ("TransientError", "DescribeEndpoints: 500")
    assert discovery.written == []


def test_credentials_are_renewed(server: ScriptedSocket) -> None:
    """Each call is signed with the keys that are good then."""
    wire = PooledWire(1, url(server))
    keys = iter(["first", "second"])

    def fresh() -> dict[str, str]:
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
        return {
            "access_key": next(keys),
            "secret_key": "s",
            "token": "t",
            "expiry_time": soon.isoformat(),
        }

    wire._credentials = RefreshableCredentials.create_from_metadata(fresh(), fresh, "test")
    send(wire)
    assert "Credential=second/" in server.heard[0].headers["authorization"]


def test_a_proxy_is_obeyed(server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTP_PROXY the request goes there, with its whole address, and NO_PROXY keeps it away."""
    monkeypatch.setenv("HTTP_PROXY", url(server))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    send(PooledWire(1, "http://timestream.invalid"))
    send(PooledWire(1, url(server)))
    lines = [(heard.line, heard.headers["host"]) for heard in server.heard]
    assert lines == [
        ("POST http://timestream.invalid/ HTTP/1.1", "timestream.invalid"),
        ("POST / HTTP/1.1", f"127.0.0.1:{server.port}"),
    ]


def test_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of nobody's is refused; with the authority in AWS_CA_BUNDLE the same server is believed."""
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with scripted_socket(context) as server:
        assert outcome(PooledWire(1, url(server, "https"))) == ("TransientError", "SSLError")
        assert server.heard == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        assert outcome(PooledWire(1, url(server, "https"))) == ("stored",)


def test_no_credentials_are_a_fault_of_the_configuration(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent unsigned."""
    wire = PooledWire(1, url(server))
    monkeypatch.setattr(wire, "_credentials", None)
    assert outcome(wire) == ("ConfigurationError", "NoCredentialsError")
    assert server.heard == []


def test_an_endpoint_that_is_called_invalid_twice_is_given_up_by_the_sdk_too(
    server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore would discover and call it again without a pause and without an end."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url(server))
    endpoints = json.dumps({"Endpoints": [{"Address": url(server), "CachePeriodInMinutes": 2}]}).encode()
    server.answer = lambda heard: (
        reply(200, endpoints)
        if heard.headers["x-amz-target"].endswith("DescribeEndpoints")
        else reply(421, b'{"__type": "InvalidEndpointException"}')
    )
    with pytest.raises(TransientError, match="InvalidEndpointException"):
        send(SdkWire(1))
