"""Reads single fields of a mapping that people wrote; what is wrong is said with the field and what is allowed."""

import math
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar, cast

_Choice = TypeVar("_Choice", bound=StrEnum)
_Value = TypeVar("_Value")

# DynamoDB's numbers end near 1e125: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
LARGEST = 1e100
SIZES = f"a number between -{LARGEST:g} and {LARGEST:g}, 0 or at least {1 / LARGEST:g} away from it"


class RuleError(ValueError):
    """A rule that cannot be used: the field, its value, what is allowed there; and in `others` what else is wrong."""

    def __init__(self, field: str, message: str, others: Collection["RuleError"] = ()) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.others = field, message, tuple(others)


class Fields:
    """The fields of a mapping, read one after the other, so that all that is wrong with them is raised at once."""

    def __init__(self, document: Mapping[Any, Any], prefix: str = "") -> None:
        self._document, self._prefix = document, prefix
        self._mistakes: list[RuleError] = []

    def expect_only(self, allowed: Collection[str], unnamed: Collection[str] = ()) -> None:
        """Refuse every other field; the `unnamed` are allowed, but no message tells of them."""
        for name in self._document:
            if name not in unnamed:
                self._read(name, lambda field, value: member(field, value, allowed), name)

    def read(self, name: str, reader: Callable[[str, Any], _Value], *default: object) -> _Value:
        """The value that the reader makes of a field, or of the default where the field is left out.

        None, whatever its type says, for a field that is wrong: nothing is made of it, as `finish` raises.
        """
        if name not in self._document and not default:
            self._mistakes.append(RuleError(f"{self._prefix}{name}", "is missing"))
            return cast("_Value", None)
        return self._read(name, reader, self._document.get(name, *default))

    def finish(self) -> None:
        """Raise the first RuleError, with all the others, if there was one."""
        if self._mistakes:
            first, *others = self._mistakes
            raise RuleError(first.field, first.message, others)

    def _read(self, name: object, reader: Callable[[str, Any], _Value], value: object) -> _Value:
        try:
            return reader(f"{self._prefix}{name}", value)
        except RuleError as error:
            self._mistakes += [error, *error.others]
            return cast("_Value", None)


def shown(value: object) -> str:
    """A value as it may stand in a message: one line of bounded length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def member(field: object, value: object, allowed: Collection[str]) -> str:
    """One of the names; anything else is refused with all of them."""
    if not isinstance(value, str) or value not in allowed:
        raise RuleError(str(field)[:60] or "''", f"{shown(value)} is not one of {', '.join(allowed)}")
    return value


def choice(choices: type[_Choice]) -> Callable[[str, Any], _Choice]:
    """The reader of a member of an enumeration."""
    return lambda field, value: choices(member(field, value, [str(item) for item in choices]))


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
    if not abs(result) <= LARGEST or (value != 0 and abs(result) < 1 / LARGEST):
        raise RuleError(field, f"{shown(value)}: {SIZES}")
    return result + 0.0


def _is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """True for numbers that can be compared: a decimal NaN raises where a double only compares as false."""
    if isinstance(value, Decimal):
        return not value.is_nan()
    return isinstance(value, int | float) and not isinstance(value, bool)


def boolean(field: str, value: object) -> bool:
    """True or false, and no other word for them."""
    if not isinstance(value, bool):
        raise RuleError(field, f"{shown(value)}: true or false")
    return value
