"""Bodies in chunks, however a client cuts them."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.http_server import HttpRequest, HttpServer, Response

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


class Echo:
    """Answers with the body of a request."""

    def answer(self, request: HttpRequest) -> Response:
        """The body."""
        return Response(200, (), request.body)

    def too_large(self, request: HttpRequest) -> Response:
        """The refusal of a body over the limit."""
        return Response(413)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    """A server that takes a thousand bytes."""
    opened = HttpServer(0, name="echo", body_limit=1000)
    opened.start(Echo())
    yield opened
    opened.close()


def answered(server: HttpServer, sent: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def framed(chunks: list[bytes], extension: bytes, trailers: list[bytes]) -> bytes:
    """A request's chunks with an extension after each length, and trailers after the last."""
    parts = [b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks]
    return HEAD + b"".join(parts) + b"0\r\n" + b"".join(b"%b\r\n" % line for line in trailers) + b"\r\n"


CHUNKS = st.lists(st.binary(min_size=1, max_size=80), max_size=10)
TRAILERS = st.lists(st.sampled_from([b"Expires: 0", b"X-Checksum: 1a"]), max_size=3)


@settings(deadline=None, max_examples=60)
@given(chunks=CHUNKS, extension=st.sampled_from([b"", b";a", b" ;name=value"]), trailers=TRAILERS)
def test_the_chunks_are_the_body(
    server: HttpServer, chunks: list[bytes], extension: bytes, trailers: list[bytes]
) -> None:
    """Whatever is in them, line breaks among it, and whatever stands around them."""
    assert answered(server, framed(chunks, extension, trailers)) == (200, b"".join(chunks))


@settings(deadline=None, max_examples=60)
@given(chunks=CHUNKS, trailers=TRAILERS, cut=st.integers(1, 2000))
def test_chunks_that_do_not_end_are_no_request(
    server: HttpServer, chunks: list[bytes], trailers: list[bytes], cut: int
) -> None:
    """400 for every place where a client may go away."""
    whole = framed(chunks, b"", trailers)[len(HEAD) :]
    status, _ = answered(server, HEAD + whole[: len(whole) - min(cut, len(whole))])
    assert status == 400


def test_chunks_over_the_limit_are_too_large(server: HttpServer) -> None:
    """Before the chunk is read that exceeds it."""
    assert answered(server, HEAD + b"3e8\r\n" + b"a" * 1000 + b"\r\n1\r\n")[0] == 413
    assert answered(server, HEAD + b"ffffffffffff\r\n")[0] == 413


@pytest.mark.parametrize("length", [b"", b"-1", b"+1", b"0x1", b"1_0", b"g", b" ", b"\xb2"])
def test_a_length_is_hexadecimal_digits(server: HttpServer, length: bytes) -> None:
    """Anything else is no request."""
    assert answered(server, HEAD + length + b"\r\na\r\n0\r\n\r\n")[0] == 400


@pytest.mark.parametrize(("second", "status"), [(b"4", 400), (b"3", 200)])
def test_a_body_has_one_length(server: HttpServer, second: bytes, status: int) -> None:
    """Two that differ are refused, before anything is read by either; the same one twice is one."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nContent-Length: "
    assert answered(server, head + second + b"\r\n\r\nabcd")[0] == status
