"""UNLOAD (…) TO 's3://…' WITH (…): the statement taken apart and its options checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from emulator.sql.parser import Parser
from emulator.timestream.dialect import GRAMMAR
from emulator.timestream.errors import ValidationException

_TARGET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(MB|GB)", re.IGNORECASE)
_UNIT = {"MB": 1 << 20, "GB": 1 << 30}
_SMALLEST, _LARGEST = 16 << 20, 78 << 30
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
    max_file_size: int = _LARGEST

    def key(self, *parts: str) -> str:
        """An object's key under the prefix."""
        return "/".join([*([self.prefix] if self.prefix else []), *parts])

    def upload_arguments(self) -> dict[str, str]:
        """The arguments that every object is written with."""
        if self.encryption == "SSE_S3":
            return {"ServerSideEncryption": "AES256"}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key or ""}


def parse(query: str) -> tuple[exp.Expression, Options]:
    """The query that an UNLOAD exports, and its options.

    InvalidQueryError when the statement, ValidationException when an option is not valid.
    """
    reader = Parser(query, GRAMMAR)
    reader.expect("UNLOAD")
    inner = reader.parenthesised_query()
    reader.expect("TO")
    target = _TARGET.fullmatch(reader.string())
    if target is None:
        raise reader.error("UNLOAD target must be s3://bucket-name/folder")
    values = _values(reader) if reader.key == "WITH" else {}
    reader.end()
    return inner, _options(target[1], (target[2] or "").strip("/"), values)


def _values(reader: Parser) -> dict[str, Any]:
    reader.expect("WITH")
    reader.expect("(")
    values: dict[str, Any] = {}
    more = True
    while more:
        name = reader.identifier().name.lower()
        if name in values:
            raise reader.error(f"Duplicate UNLOAD option: {name}")
        reader.expect("=")
        values[name] = _names(reader) if name == "partitioned_by" else reader.string()
        more = reader.accept(",")
    reader.expect(")")
    return values


def _names(reader: Parser) -> tuple[str, ...]:
    reader.expect("ARRAY")
    reader.expect("[")
    names = [reader.string()]
    while reader.accept(","):
        names.append(reader.string())
    reader.expect("]")
    return tuple(names)


def _options(bucket: str, prefix: str, given: dict[str, Any]) -> Options:
    for name in given:
        if name not in _READ:
            raise ValidationException(f"Unknown UNLOAD option: {name}")
    values = {name: _READ[name](name, value) for name, value in given.items()}
    options = Options(bucket, prefix, **values)
    _check_together(options, given)
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


def _choice(*allowed: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value.upper() not in allowed:
            raise ValidationException(f"UNLOAD option {name} must be {' or '.join(allowed)}, not '{value}'")
        return value.upper()

    return read


def _character(name: str, value: str) -> str:
    value = {"\\t": "\t"}.get(value, value)
    if len(value) != 1 or not value.isascii():
        raise ValidationException(f"UNLOAD option {name} must be one ASCII character")
    return value


def _size(name: str, value: str) -> int:
    match = _SIZE.fullmatch(value.strip())
    size = int(float(match[1]) * _UNIT[match[2].upper()]) if match else 0
    if not _SMALLEST <= size <= _LARGEST:
        raise ValidationException(f"UNLOAD option {name} must be between 16MB and 78GB")
    return size


_READ: dict[str, Callable[[str, Any], Any]] = {
    "format": _choice("CSV", "PARQUET"),
    "compression": _choice("GZIP", "NONE"),
    "encryption": _choice("SSE_S3", "SSE_KMS"),
    "include_header": lambda name, value: _choice("TRUE", "FALSE")(name, value) == "TRUE",
    "kms_key": lambda _, value: value,
    "partitioned_by": lambda _, value: value,
    "field_delimiter": _character,
    "escaped_by": _character,
    "max_file_size": _size,
}
