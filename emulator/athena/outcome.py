"""The outcome of a statement: rows and what they took, or why there are none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["DML", "DDL", "UTILITY"]
"""StatementType: UTILITY are SHOW and DESCRIBE."""


@dataclass(frozen=True)
class Statement:
    """A statement by its first words: StatementType and SubstatementType."""

    kind: Kind
    word: str


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result; `type` as in ColumnInfo (`varchar`, `map`)."""

    name: str
    type: str


@dataclass(frozen=True)
class UnloadedFile:
    """A file that UNLOAD wrote; `size` in bytes."""

    uri: str
    size: int
    rows: int


@dataclass(frozen=True)
class Outcome:
    """A statement's result.

    `rows` hold the text of each value, None for NULL, and are computed as they are asked for: a QueryError may come
    from them. A row of a UTILITY statement may have fewer values than there are columns, as DESCRIBE's single tabbed
    text. `scanned_bytes` are those of the objects as they are stored. UNLOAD has no rows; `unloaded` are its files.
    """

    statement: Statement
    columns: Sequence[ResultColumn] = ()
    rows: Iterable[Sequence[str | None]] = ()
    scanned_bytes: int = 0
    unloaded: Sequence[UnloadedFile] | None = None


class QueryError(Exception):
    """A statement that fails, in Athena's words; with AthenaError's ErrorCategory and ErrorType."""

    def __init__(self, message: str, category: int, type_: int) -> None:
        super().__init__(message)
        self.message = message
        self.category = category
        self.type = type_
