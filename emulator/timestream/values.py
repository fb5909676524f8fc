"""Read measure values and times from the text AWS sends them as."""

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

from emulator.timestream.errors import ValidationException

Value = float | int | str | bool

MAX_LENGTH = 2048
_MAX_LONG = 2**63 - 1
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_LONGEST_WHOLE = 19


def time_ns(text: Any, unit_ns: int) -> int:
    """A record's time in nanoseconds since the epoch."""
    if text.__class__ is str and text.isascii() and text.isdigit() and len(text) <= _LONGEST_WHOLE:
        time: int = int(text) * unit_ns
        if time <= _MAX_LONG:
            return time
    raise ValidationException("Invalid time for record.")


def double(text: Any, _unit_ns: int) -> float:
    """A finite number; what is none is refused, NaN and Infinity too."""
    # `float` also takes spaces around, underscores inside and the digits of other scripts.
    if text.__class__ is str and text.isascii() and "_" not in text and 0 < len(text) <= MAX_LENGTH:
        try:
            number = float(text)
        except ValueError:
            raise _invalid("DOUBLE") from None
        if isfinite(number) and text[0] > " " and text[-1] > " ":
            return number
    raise _invalid("DOUBLE")


def bigint(text: Any, _unit_ns: int) -> int:
    """A signed whole number of 64 bits."""
    if text.__class__ is str and _WHOLE.fullmatch(text):
        number = int(text)
        if -_MAX_LONG - 1 <= number <= _MAX_LONG:
            return number
    raise _invalid("BIGINT")


def boolean(text: Any, _unit_ns: int) -> bool:
    """The truth value of `true` or `false`, in any case."""
    if text.__class__ is str and text.lower() in {"true", "false"}:
        return bool(text.lower() == "true")
    raise _invalid("BOOLEAN")


def varchar(text: Any, _unit_ns: int) -> str:
    """A text of 1 to 2,048 characters."""
    if text.__class__ is str and 1 <= len(text) <= MAX_LENGTH:
        return str(text)
    raise _invalid("VARCHAR")


def timestamp(text: Any, unit_ns: int) -> int:
    """Nanoseconds since the epoch; the record's TimeUnit says what the text counts."""
    if text.__class__ is str and _WHOLE.fullmatch(text):
        time = int(text) * unit_ns
        if -_MAX_LONG <= time <= _MAX_LONG:
            return time
    raise _invalid("TIMESTAMP")


PARSERS: dict[str, Callable[[Any, int], Value]] = {
    "DOUBLE": double,
    "BIGINT": bigint,
    "BOOLEAN": boolean,
    "VARCHAR": varchar,
    "TIMESTAMP": timestamp,
}


def _invalid(kind: str) -> ValidationException:
    return ValidationException(f"Invalid measure value for record: it is no {kind}.")
