"""The dialect of one service: its SQL besides Trino's own.

Timestream passes its functions and literals (`emulator.timestream.dialect`). Athena will have to pass its functions
(none of its own in Trino's core) and a catalog whose names ignore case. Not passed in yet, because both would share
them as they are or only one exists: a type's ColumnInfo (`types.shape`), a row's JSON (`render.row_json`, Athena's has
`VarCharValue`), nine digits in a timestamp's text (Athena shows three), and a table without its database in front
(Athena has one from the query's context).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token

from emulator.sql.call import Function


@dataclass(frozen=True, eq=False)
class Dialect:
    """Scalar functions by name, besides Trino's, and literals: tokens and the query's text to Trino's tokens."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    literals: Callable[[Sequence[Token], str], Sequence[Token]] = lambda stream, _query: stream


TRINO = Dialect()
