"""HTTP/1.1 answers, read from bytes as they come.

An answer that breaks the protocol is none: nothing is guessed of what a server may have meant, as the end of one
answer is the beginning of the next (https://www.rfc-editor.org/rfc/rfc9112#section-6).
"""

import re
from typing import NamedTuple

_HEAD_BYTES = 64 * 1024
_HEADERS = 100
# More than any answer that is asked for here, and less than a function's memory.
_BODY_BYTES = 32 * 1024 * 1024
_CHUNK_LINE_BYTES = 256

_FIELD = rb"\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*"
_HEAD_OF = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?((?:%b)*)" % _FIELD)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class Answer(NamedTuple):
    """An answer; headers are by lower-case name, and `keep` tells that its connection may be used again."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep: bool


class BadAnswerError(Exception):
    """The server sent what is no answer, or not all of one."""


def whole_answer(data: bytes) -> Answer | None:
    """The answer that these bytes are from first to last, as nearly all are; None if it takes a reader to tell.

    `BadAnswerError` if they cannot be the beginning of one.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = _read_head(data[:end], to_connect=False)
    if head.status < 200 or head.length is None or len(data) != end + 4 + head.length:
        return None
    return Answer(head.status, head.headers, data[end + 4 :], head.keep)


class AnswerReader:
    """Takes the bytes of a connection until they are an answer; interim answers (1xx) are passed over."""

    def __init__(self, *, to_connect: bool = False) -> None:
        self._to_connect = to_connect  # a proxy's consent has no body, whatever its headers say
        self._data = bytearray()
        self._passed = 0  # bytes of interim answers
        self._head: _Head | None = None
        self._body = bytearray()  # of chunks
        self._in_trailer = False

    def feed(self, data: bytes) -> Answer | None:
        """The answer that is whole with these bytes, if it is. `BadAnswerError` as soon as it cannot be one."""
        self._data += data
        if self._head is None:
            self._head = self._read_head(len(data))
            if self._head is None:
                return None
        head = self._head
        if head.chunked:
            return self._answer(head, bytes(self._body)) if self._read_chunks() else None
        if head.length is None:
            if len(self._data) > _BODY_BYTES:
                raise BadAnswerError("the body is too large")
            return None
        if len(self._data) < head.length:
            return None
        body = bytes(self._data[: head.length])
        del self._data[: head.length]
        return self._answer(head, body)

    def end(self) -> Answer:
        """The answer that is whole because the connection has ended. `BadAnswerError` if it is not."""
        if self._head is None or self._head.chunked or self._head.length is not None:
            raise BadAnswerError("the connection was closed before the end of the answer")
        return self._answer(self._head, bytes(self._data))

    @property
    def has_more(self) -> bool:
        """True if bytes came after the end of the answer."""
        return bool(self._data)

    def _answer(self, head: "_Head", body: bytes) -> Answer:
        return Answer(head.status, head.headers, body, keep=head.keep and not self._data)

    def _read_head(self, fresh: int) -> "_Head | None":
        looked_at = max(0, len(self._data) - fresh - 3)
        while True:
            end = self._data.find(b"\r\n\r\n", looked_at)
            if self._passed + (len(self._data) if end < 0 else end) > _HEAD_BYTES:
                raise BadAnswerError("the head is too large")
            if end < 0:
                return None
            head = _read_head(bytes(self._data[:end]), to_connect=self._to_connect)
            del self._data[: end + 4]
            if head.status >= 200:
                return head
            self._passed += end + 4
            looked_at = 0

    def _read_chunks(self) -> bool:
        """The chunks that are there are taken; True once the last one is."""
        data = self._data
        while not self._in_trailer:
            end = data.find(b"\r\n", 0, _CHUNK_LINE_BYTES)
            if end < 0:
                if len(data) >= _CHUNK_LINE_BYTES:
                    raise BadAnswerError("the size of a chunk is too long")
                return False
            line = _CHUNK.fullmatch(data, 0, end)
            if line is None:
                raise BadAnswerError("a chunk has no size")
            size = int(line[1], 16)
            if len(self._body) + size > _BODY_BYTES:
                raise BadAnswerError("the body is too large")
            if size == 0:
                del data[: end + 2]
                self._in_trailer = True
                break
            stop = end + 2 + size
            if len(data) < stop + 2:
                return False
            if data[stop : stop + 2] != b"\r\n":
                raise BadAnswerError("a chunk is longer than its size")
            self._body += data[end + 2 : stop]
            del data[: stop + 2]
        return self._read_trailer()

    def _read_trailer(self) -> bool:
        """Fields after the last chunk are passed over; True at their end."""
        data = self._data
        if data.startswith(b"\r\n"):
            del data[:2]
            return True
        end = data.find(b"\r\n\r\n")
        if (len(data) if end < 0 else end) > _HEAD_BYTES:
            raise BadAnswerError("the trailer is too large")
        if end < 0:
            return False
        del data[: end + 4]
        return True


class _Head(NamedTuple):
    status: int
    headers: dict[str, str]
    chunked: bool
    length: int | None  # of the body, None if only its end or its chunks tell
    keep: bool


def _read_head(head: bytes, *, to_connect: bool) -> _Head:
    found = _HEAD_OF.fullmatch(head)
    if found is None:
        raise BadAnswerError("no HTTP")
    lines = found[3].decode("latin-1").split("\r\n")
    if len(lines) > 1 + _HEADERS:
        raise BadAnswerError("too many headers")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name == "content-length" and headers[name] != value:
                raise BadAnswerError("two lengths")
            value = value if name == "content-length" else f"{headers[name]}, {value}"
        headers[name] = value
    status = int(found[2])
    if status == 101:
        raise BadAnswerError("another protocol")
    return _framed(status, headers, newest=found[1] == b"1", to_connect=to_connect)


def _framed(status: int, headers: dict[str, str], *, newest: bool, to_connect: bool) -> _Head:
    keep = newest
    if "connection" in headers:
        wishes = {wish.strip() for wish in headers["connection"].lower().split(",")}
        keep = "close" not in wishes if newest else "keep-alive" in wishes
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if status < 200 or status in {204, 304} or (to_connect and status == 200):
        return _Head(status, headers, chunked=False, length=0, keep=keep)
    if coding is not None:
        if coding.lower() != "chunked" or not newest:
            raise BadAnswerError("an unknown transfer coding")
        # Two ways to tell the end of one body: what comes after it is nobody's.
        return _Head(status, headers, chunked=True, length=None, keep=keep and length is None)
    if length is None:
        return _Head(status, headers, chunked=False, length=None, keep=False)
    if not (length.isascii() and length.isdigit() and len(length) < 12):
        raise BadAnswerError("a length is no number")
    if int(length) > _BODY_BYTES:
        raise BadAnswerError("the body is too large")
    return _Head(status, headers, chunked=False, length=int(length), keep=keep)
