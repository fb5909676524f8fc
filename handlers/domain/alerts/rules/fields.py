"""Reads single fields of a mapping that people wrote; what is wrong is said with the field and what is allowed."""

import math
from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)

# DynamoDB's numbers end near 1e125: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
LARGEST = 1e100


class RuleError(ValueError):
    """A rule that cannot be used: the field, its value, and what is allowed there."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def shown(value: object) -> str:
    """A value as it may stand in a message: one line of bounded length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def member(field: object, value: object, allowed: Collection[str]) -> str:
    """One of the names; anything else is refused with all of them."""
    if not isinstance(value, str) or value not in allowed:
        raise RuleError(str(field)[:60], f"{shown(value)} is not one of {', '.join(allowed)}")
    return value


def choice(
    document: Mapping[str, Any], field: str, choices: type[_Choice], default: _Choice | None = None
) -> _Choice:
    """The member of an enumeration that a field names."""
    return choices(member(field, document.get(field, default), [str(item) for item in choices]))


def integer(field: str, value: object, low: int, high: int) -> int:
    """A whole number inside the range, however the file or the table wrote it."""
    # The range first: no remainder can be taken of infinity, nor of a decimal of more digits than its context has.
    if _is_number(value) and low <= value <= high and value == int(value):
        return int(value)
    raise RuleError(field, f"{shown(value)}: a whole number from {low} to {high}")


def number(field: str, value: object) -> float:
    """A finite number of a size that every store keeps."""
    if not _is_number(value):
        raise RuleError(field, f"{shown(value)}: a number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not abs(result) <= LARGEST or 0 < abs(result) < 1 / LARGEST:
        raise RuleError(field, f"{shown(value)}: a number between -{LARGEST:g} and {LARGEST:g}")
    return result + 0.0


def _is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """True for numbers that can be compared: a decimal NaN raises where a double only compares as false."""
    if isinstance(value, Decimal):
        return not value.is_nan()
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_boolean(field: str, value: object) -> bool:
    """True or false, and no other word for them."""
    if not isinstance(value, bool):
        raise RuleError(field, f"{shown(value)}: true or false")
    return value
