"""HTTP answers, whole and broken, in pieces of any size."""

import http.client
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.http.answers import Answer, AnswerReader, BadAnswerError, whole_answer


def read(data: bytes, cuts: Iterator[int] | None = None, **kwargs: Any) -> Answer | None:
    """The answer that a reader gives for the bytes in pieces of these sizes, or at the end of the connection."""
    reader = AnswerReader(**kwargs)
    while data:
        size = len(data) if cuts is None else next(cuts, len(data))
        answer = reader.feed(data[:size])
        data = data[size:]
        if answer is not None:
            return answer._replace(keep=answer.keep and not data)
    return reader.end()


def chunked(body: bytes, sizes: list[int], trailer: bytes = b"") -> bytes:
    """The body in chunks of these sizes."""
    parts = []
    for size in [*sizes, len(body)]:
        if part := body[:size]:
            parts.append(b"%x;of=it\r\n%b\r\n" % (len(part), part))
        body = body[size:]
    return b"".join(parts) + b"0\r\n" + trailer + b"\r\n"


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers that keep to the protocol."""
    body = draw(st.binary(max_size=60))
    head = [
        b"HTTP/1.1 %d%b" % (draw(st.integers(200, 599)), draw(st.sampled_from([b" OK", b"", b" Not so"])))
    ]
    head += draw(
        st.lists(st.sampled_from([b"X-Amzn-RequestId: 1", b"Server:x", b"Date: \t a  b "]), unique=True)
    )
    without = head[0][9:12] in {b"204", b"304"}
    if not without and draw(st.booleans()):
        head.append(b"transfer-ENCODING: Chunked")
        framed = chunked(
            body, draw(st.lists(st.integers(1, 20), max_size=3)), draw(st.sampled_from([b"", b"X: y\r\n"]))
        )
    else:
        head.append(b"content-length:%d" % len(body))
        framed = body
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    return (
        draw(st.sampled_from([b"", interim]))
        + b"\r\n".join(head)
        + b"\r\n\r\n"
        + (b"" if without else framed)
    )


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(answers(), st.lists(st.integers(1, 9)))
def test_an_answer_is_the_standard_librarys_however_it_comes(data: bytes, sizes: list[int]) -> None:
    """Status, headers and body are the same in pieces of any size, and the connection may be used again."""
    found = read(data, iter([*sizes, *[1] * 30]))
    assert found is not None
    expected = http.client.HTTPResponse(_Socket(data[data.rindex(b"HTTP/1.1") :]), method="POST")  # type: ignore[arg-type]
    expected.begin()
    assert (found.status, found.body) == (expected.status, expected.read())
    assert found.headers == {name.lower(): value.strip() for name, value in expected.getheaders()}
    assert found.keep


@given(st.one_of(answers(), st.binary(max_size=50)), st.integers(0, 99), st.binary(max_size=3))
def test_an_answer_that_comes_at_once_is_the_same(data: bytes, place: int, harm: bytes) -> None:
    """What is read in one look is what the reader makes of it, or nothing if there is more to do."""
    data = data[:place] + harm + data[place + len(harm) :]
    try:
        found = whole_answer(data)
    except BadAnswerError:
        with pytest.raises(BadAnswerError):
            read(data)
        return
    assert found is None or found == read(data)


def test_nearly_all_answers_come_at_once() -> None:
    """With a length, all of it and nothing else."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    assert whole_answer(whole) == read(whole)
    assert [whole_answer(other) for other in (whole[:-1], whole + b"x", whole[:9], b"")] == [None] * 4


@given(answers(), st.data())
def test_a_part_of_an_answer_is_none(data: bytes, draw: st.DataObject) -> None:
    """Wherever the connection ends before the answer does, it is none."""
    part = data[: draw.draw(st.integers(0, len(data) - 1))]
    with pytest.raises(BadAnswerError):
        read(part)


@given(answers(), st.binary(min_size=1, max_size=9))
def test_what_comes_after_an_answer_is_nobodys(data: bytes, more: bytes) -> None:
    """The answer counts, and the connection does not any more."""
    found = read(data + more)
    assert found is not None
    assert not found.keep
    assert found == read(data)._replace(keep=False)  # type: ignore[union-attr]


@given(
    st.one_of(st.binary(max_size=200), answers()), st.integers(0, 300), st.binary(max_size=4), st.booleans()
)
def test_garbage_is_refused_and_nothing_worse(data: bytes, place: int, harm: bytes, to_connect: bool) -> None:
    """Whatever bytes come, there is an answer or a `BadAnswerError`."""
    with suppress(BadAnswerError):
        read(data[:place] + harm + data[place + len(harm) :], to_connect=to_connect)


def feed(reader: AnswerReader, parts: Iterable[bytes]) -> None:
    """Gives the reader one part after the other."""
    for part in parts:
        reader.feed(part)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\n\n{}",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 1, 1\r\n\r\na",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: +1\r\n\r\na",
        OK + b"Content-Length: 0x1\r\n\r\na",
        OK + "Content-Length: ¹\r\n\r\na".encode("latin-1"),
        OK + b"Content-Length: 99999999999999999999\r\n\r\n",
        OK + b"Content-Length: 99999999999\r\n\r\n",
        OK + b"Content-Length : 1\r\n\r\na",
        OK + b" folded: 1\r\n\r\n",
        OK + b"A: 1\r\n 2\r\n\r\n",
        OK + b"A: \x00\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"A: 1\rB: 2\r\n\r\n",
        OK + b"".join(b"A%d: 1\r\n" % number for number in range(101)) + b"\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1" + b";" * 300,
    ],
)
def test_what_breaks_the_protocol_is_no_answer(data: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(BadAnswerError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 70_000,
        OK + b"A: " + b"x" * 70_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3000,
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + b"x" * 70_000,
    ],
)
def test_a_head_without_an_end_is_refused(data: bytes) -> None:
    """It is refused while it comes, not at its end, which there is none of."""
    with pytest.raises(BadAnswerError, match="too large"):
        feed(AnswerReader(), (data[place : place + 1000] for place in range(0, len(data), 1000)))


@pytest.mark.parametrize("framing", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_without_an_end_is_refused(framing: bytes) -> None:
    """A server that sends for ever does not fill the memory."""
    reader = AnswerReader()
    reader.feed(OK + framing + b"\r\n")
    part = bytes(1 << 20)
    with pytest.raises(BadAnswerError, match="too large"):
        feed(reader, repeat(b"100000\r\n" + part + b"\r\n" if framing else part, 40))


@pytest.mark.parametrize(
    ("data", "body", "keep"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end", False),
        (OK + b"\r\nto the end", b"to the end", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", b"a", True),
        (OK + b"Connection: x, CLOSE\r\nContent-Length: 1\r\n\r\na", b"a", False),
        (OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", b"a", True),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"a", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    ],
)
def test_a_connection_is_kept_only_where_the_end_is_sure(data: bytes, body: bytes, keep: bool) -> None:
    """What is told in two ways, or by the end of the connection, ends it."""
    found = read(data)
    assert found is not None
    assert (found.body, found.keep) == (body, keep)


def test_a_proxys_consent_has_no_body() -> None:
    """Whatever its headers say; a refusal has one."""
    assert read(OK + b"Content-Length: 9\r\n\r\n", to_connect=True) == Answer(
        200, {"content-length": "9"}, b"", keep=True
    )
    with pytest.raises(BadAnswerError):
        read(b"HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\n", to_connect=True)
