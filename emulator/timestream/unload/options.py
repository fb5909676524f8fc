"""UNLOAD (…) TO 's3://…' WITH (…): the statement taken apart and its options checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

from emulator.sql import InvalidQueryError, grammar
from emulator.timestream.errors import ValidationException

_TARGET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(MB|GB)", re.IGNORECASE)
_UNIT = {"MB": 1 << 20, "GB": 1 << 30}
_SMALLEST, _LARGEST = 16 << 20, 78 << 30
_CHOICES = {
    "format": ("CSV", "PARQUET"),
    "compression": ("GZIP", "NONE"),
    "encryption": ("SSE_S3", "SSE_KMS"),
    "include_header": ("TRUE", "FALSE"),
}
_TEXTS = ("kms_key", "field_delimiter", "escaped_by", "max_file_size")
_CSV_ONLY = ("field_delimiter", "escaped_by", "include_header")


@dataclass(frozen=True)
class Options:
    """The place that an UNLOAD writes to, and the form of its files."""

    bucket: str
    prefix: str
    partitioned_by: tuple[str, ...] = ()
    format: str = "CSV"
    compression: str = "GZIP"
    encryption: str = "SSE_S3"
    kms_key: str | None = None
    field_delimiter: str = ","
    escaped_by: str = "\\"
    include_header: bool = False
    max_file_bytes: int = _LARGEST

    def key(self, *parts: str) -> str:
        """An object's key under the prefix."""
        return "/".join([*([self.prefix] if self.prefix else []), *parts])

    def upload_arguments(self) -> dict[str, str]:
        """The arguments that every object is written with."""
        if self.encryption == "SSE_S3":
            return {"ServerSideEncryption": "AES256"}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key or ""}


@dataclass(frozen=True)
class Statement:
    """An UNLOAD statement: the tokens of its query, from one to before the other, and its options."""

    first: int
    last: int
    options: Options


def parse(query: str, stream: Sequence[Token]) -> Statement:
    """The statement taken apart; InvalidQueryError when it, ValidationException when an option is not valid."""
    reader = _Reader(query, stream)
    reader.expect("UNLOAD")
    reader.expect("(")
    first = reader.index
    reader.skip_to_closing()
    last = reader.index - 1
    reader.expect("TO")
    target = _TARGET.fullmatch(reader.string())
    if target is None:
        raise reader.error("UNLOAD target must be s3://bucket-name/folder")
    values = reader.options() if reader.left() else {}
    return Statement(first, last, _options(target[1], (target[2] or "").strip("/"), values))


class _Reader:
    def __init__(self, query: str, stream: Sequence[Token]) -> None:
        self.query = query
        self.stream = stream
        self.index = 0

    def left(self) -> bool:
        return self.index < len(self.stream)

    def error(self, message: str) -> InvalidQueryError:
        at = self.stream[self.index].start if self.left() else len(self.query)
        return grammar.refuse(message, self.query, at)

    def take(self) -> Token:
        if not self.left():
            raise self.error("mismatched input '<EOF>'. The query syntax is invalid.")
        self.index += 1
        return self.stream[self.index - 1]

    def expect(self, text: str) -> None:
        if not self.left() or self.stream[self.index].text.upper() != text:
            raise self.error(f"mismatched input. Expecting: '{text}'")
        self.index += 1

    def string(self) -> str:
        if not self.left() or self.stream[self.index].token_type != TokenType.STRING:
            raise self.error("mismatched input. Expecting: a string")
        return self.take().text

    def skip_to_closing(self) -> None:
        depth = 1
        while depth:
            kind = self.take().token_type
            depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)

    def options(self) -> dict[str, Any]:
        self.expect("WITH")
        self.expect("(")
        values: dict[str, Any] = {}
        while True:
            name = self.take().text.lower()
            if name in values:
                raise self.error(f"Duplicate UNLOAD option: {name}")
            self.expect("=")
            values[name] = self._names() if name == "partitioned_by" else self.string()
            closing = self.take().text
            if closing == ")":
                break
            if closing != ",":
                raise self.error(f"mismatched input '{closing}'. Expecting: ',' or ')'")
        if self.left():
            raise self.error(
                f"mismatched input '{self.stream[self.index].text}'. The query syntax is invalid."
            )
        return values

    def _names(self) -> tuple[str, ...]:
        self.expect("ARRAY")
        self.expect("[")
        names = [self.string()]
        while self.left() and self.stream[self.index].text == ",":
            self.index += 1
            names.append(self.string())
        self.expect("]")
        return tuple(names)


def _options(bucket: str, prefix: str, values: dict[str, Any]) -> Options:
    for name, value in values.items():
        if name in _CHOICES:
            if value.upper() not in _CHOICES[name]:
                expected = " or ".join(_CHOICES[name])
                raise ValidationException(f"UNLOAD option {name} must be {expected}, not '{value}'")
        elif name not in (*_TEXTS, "partitioned_by"):
            raise ValidationException(f"Unknown UNLOAD option: {name}")
    checked = {
        name: values[name].upper() for name in ("format", "compression", "encryption") if name in values
    }
    options = Options(
        bucket,
        prefix,
        partitioned_by=values.get("partitioned_by", ()),
        kms_key=values.get("kms_key"),
        field_delimiter=_character(values, "field_delimiter", ","),
        escaped_by=_character(values, "escaped_by", "\\"),
        include_header=values.get("include_header", "false").upper() == "TRUE",
        max_file_bytes=_size(values.get("max_file_size", "78GB")),
        **checked,
    )
    _check_together(options, values)
    return options


def _check_together(options: Options, values: dict[str, Any]) -> None:
    if options.format == "PARQUET":
        for name in _CSV_ONLY:
            if name in values:
                raise ValidationException(f"UNLOAD option {name} is only valid for format CSV")
    if (options.kms_key is not None) != (options.encryption == "SSE_KMS"):
        raise ValidationException("UNLOAD option kms_key goes with encryption SSE_KMS, and only with it")
    if options.field_delimiter in ('"', options.escaped_by):
        raise ValidationException("UNLOAD field_delimiter must differ from the quote and escape characters")
    if len(set(options.partitioned_by)) != len(options.partitioned_by):
        raise ValidationException("UNLOAD partitioned_by names a column twice")


def _character(values: dict[str, Any], name: str, default: str) -> str:
    value = str(values.get(name, default))
    value = {"\\t": "\t"}.get(value, value)
    if len(value) != 1 or not value.isascii():
        raise ValidationException(f"UNLOAD option {name} must be one ASCII character")
    return value


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value.strip())
    size = int(float(match[1]) * _UNIT[match[2].upper()]) if match else 0
    if not _SMALLEST <= size <= _LARGEST:
        raise ValidationException("UNLOAD option max_file_size must be between 16MB and 78GB")
    return size
