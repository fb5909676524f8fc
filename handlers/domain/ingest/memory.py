"""The memory of a process: names and labels that requests have shown, known again when the next ones repeat them."""

from typing import Final, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

# What an entry takes besides its texts: a few small objects, and for each dimension a pair, a place and two headers.
_ENTRY_BYTES: Final = 600
_DIMENSION_BYTES: Final = 300


class Memory:
    """Counts the bytes, roughly, of what is kept for later requests, so that an end can be put to it."""

    __slots__ = ("kept_bytes",)

    def __init__(self) -> None:
        self.kept_bytes = 0

    def keep(
        self, known: dict[_Key, _Value], key: _Key, value: _Value, text_bytes: int, *, dimensions: int = 0
    ) -> _Value:
        """The value, which is known by its key from now on; it holds so many dimensions, and its key so much text."""
        known[key] = value
        self.kept_bytes += _ENTRY_BYTES + _DIMENSION_BYTES * dimensions + text_bytes
        return value
