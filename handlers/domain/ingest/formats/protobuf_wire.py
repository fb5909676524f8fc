"""Protobuf's wire format, as far as other protocols need it: the fields of a message, one after the other.

https://protobuf.dev/programming-guides/encoding/. A decoder of a whole message refuses all of a request for one broken
character in it; by this one each message is judged where it stands.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any

# The types that a tag's low three bits name; groups (3 and 4) are of no protocol that is read here.
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

_MASK = (1 << 64) - 1
_CONTINUED = bytes(range(0x80, 0x100))
_FIRST_TAG = 8
_LONG = 0x80
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}

double = Struct("<d").unpack
unsigned = Struct("<Q").unpack
signed = Struct("<q").unpack


class Malformed(ValueError):  # noqa: N818 -- a verdict on a message, not an error of ours
    """The bytes are no message of the expected kind."""


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Each field's tag with its value: an integer for a varint, else the bytes; raises `Malformed`.

    One generator without calls for what is short, as nearly all is: a request has some fields for each of its samples.
    """
    position, end = 0, len(message)
    while position < end:
        tag = message[position]
        if tag < _LONG:
            position += 1
        else:
            tag, position = read_varint(message, position)
        kind = tag & 7
        if tag < _FIRST_TAG:
            raise Malformed("a field has the number 0")
        if kind == LENGTH:
            if position < end and (length := message[position]) < _LONG:
                start = position + 1
            else:
                length, start = read_varint(message, position)
            position = start + length
            value: int | bytes = message[start:position]
        elif kind == VARINT:
            value, position = read_varint(message, position)
        elif kind in _FIXED_BYTES:
            start, position = position, position + _FIXED_BYTES[kind]
            value = message[start:position]
        else:
            raise Malformed(f"a field has the wire type {kind}")
        if position > end:
            raise Malformed("a field reaches beyond its message")
        yield tag, value


def messages(message: bytes, wanted: int) -> list[bytes]:
    """The values of a repeated field, by its tag of one byte; raises `Malformed`."""
    found = []
    position, end = 0, len(message)
    while position < end:
        if message[position] != wanted:
            position = skip(message, position)
            continue
        position += 1
        if position < end and (length := message[position]) < _LONG:
            position += 1
        else:
            length, position = read_varint(message, position)
        start, position = position, position + length
        found.append(message[start:position])
    if position > end:
        raise Malformed("a field reaches beyond its message")
    return found


def skip(message: bytes, position: int) -> int:
    """The place behind the field that begins at `position`, which may lie beyond the message; raises `Malformed`."""
    tag, position = read_varint(message, position)
    kind = tag & 7
    if tag < _FIRST_TAG:
        raise Malformed("a field has the number 0")
    if kind == LENGTH:
        length, position = read_varint(message, position)
        return position + length
    if kind == VARINT:
        return read_varint(message, position)[1]
    if kind in _FIXED_BYTES:
        return position + _FIXED_BYTES[kind]
    raise Malformed(f"a field has the wire type {kind}")


def read_varint(message: bytes, position: int) -> tuple[int, int]:
    """The unsigned 64 bits that a varint holds, and the place behind it; raises `Malformed`."""
    value = shift = 0
    try:
        while shift < 70:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & _MASK, position
            shift += 7
    except IndexError:
        raise Malformed("a number reaches beyond its message") from None
    raise Malformed("a number of more than 64 bits")


def zigzag(value: int) -> int:
    """The signed number that a `sint` field's varint stands for."""
    return (value >> 1) ^ -(value & 1)


def to_signed(value: int) -> int:
    """The signed number that an `int64` field's varint stands for."""
    return value - (1 << 64) if value >> 63 else value


def packed_varints(values: bytes, at_most: int) -> list[int]:
    """The numbers of a packed repeated field; raises `Malformed`, also for more than `at_most` of them."""
    if len(values.translate(None, _CONTINUED)) > at_most:
        raise Malformed(f"a list of more than {at_most} numbers")
    if values.isascii():
        return list(values)
    numbers, position = [], 0
    while position < len(values):
        number, position = read_varint(values, position)
        numbers.append(number)
    return numbers


def text(value: bytes) -> str:
    """A string field's characters; bytes that are not UTF-8 become lone surrogates, which no name or value may hold."""
    return value.decode(errors="surrogateescape")


def encode(tag: int, content: bytes) -> bytes:
    """A field with its tag and its length, as `fields` reads it."""
    length, size = len(content), []
    while length >= 0x80:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((tag, *size, length)) + content
