"""The rules a point's dimensions must keep before their names are looked up in the registry."""

import re
from functools import lru_cache

from handlers.domain.violation import Reason, Violation, dimension_field

# Of the stores that there may be, the shortest that one takes.
NAME_CHARACTERS = 60

# These become columns of the store, of Parquet files and of Athena, which folds case.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_RESERVED = frozenset({"value", "time", "metric_name", "metric_type"})
_RESERVED_PREFIXES = ("export_", "measure_", "ts_")

# Control characters break terminals and lines; a lone surrogate has no UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_printable(text: str) -> bool:
    """True if the text can be stored and shown: valid Unicode, without control characters or line breaks."""
    return _UNPRINTABLE.search(text) is None


def is_reserved(name: str) -> bool:
    """True for the name of a column that a store or an export has of its own, in any case."""
    lower = name.lower()
    return lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES)


def read_dimensions(raw: object, budget: int) -> tuple[tuple[str, str], ...] | Violation:
    """The dimensions in the order of their names, or the first rule that one of them breaks.

    `budget` is the number of names that the store takes from all clients together.
    """
    if not isinstance(raw, dict):
        return Violation(Reason.DIMENSIONS_TYPE, "dimensions", "dimensions is an object of strings")
    if len(raw) > budget:
        message = f"{len(raw)} dimensions; the table takes {budget} names from all clients together"
        return Violation(Reason.DIMENSIONS_TOO_MANY, "dimensions", message)
    for name, value in raw.items():
        violation = _check_name(name)
        # Nearly all values are plain text, which needs no closer look.
        if not violation and not (
            isinstance(value, str) and value and value.isascii() and value.isprintable()
        ):
            violation = _check_value(name, value)
        if violation:
            return violation
    return tuple(sorted(raw.items()))


@lru_cache(maxsize=1024)
def _check_name(name: str) -> Violation | None:
    if not 1 <= len(name) <= NAME_CHARACTERS:
        reason, message = (
            Reason.DIMENSION_NAME_LENGTH,
            f"a dimension name has 1 to {NAME_CHARACTERS} characters",
        )
    elif _NAME.fullmatch(name) is None:
        reason = Reason.DIMENSION_NAME_CHARACTERS
        message = (
            "a dimension name is made of ASCII letters, digits, _ . and -, and starts with a letter or _"
        )
    elif is_reserved(name):
        reason = Reason.DIMENSION_NAME_RESERVED
        message = "reserved: value, time, metric_name, metric_type, export_*, measure_*, ts_*"
    else:
        return None
    return Violation(reason, dimension_field(name), message)


def _check_value(name: str, value: object) -> Violation | None:
    if not isinstance(value, str):
        reason, message = Reason.DIMENSION_VALUE_TYPE, "a dimension's value is a string"
    elif not value:
        reason, message = Reason.DIMENSION_VALUE_EMPTY, "a dimension's value is not empty"
    elif not is_printable(value):
        reason = Reason.DIMENSION_VALUE_CHARACTERS
        message = "a dimension's value has no control characters, line breaks or lone surrogates"
    else:
        return None
    return Violation(reason, dimension_field(name), message)
