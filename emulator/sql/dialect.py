"""The dialect of one service: its SQL besides Trino's own, and what it does otherwise.

Timestream passes its functions and tokens (`emulator.timestream.dialect`), Athena its functions, the database that a
query stands in, and milliseconds (`emulator.athena.engine.dialect`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.sql.errors import InvalidQueryError
from emulator.sql.parser import TRINO_GRAMMAR, Grammar

if TYPE_CHECKING:
    from emulator.sql.call import Aggregate, Function

Name = tuple[str, str]
"""A table's database and its name in it."""


def database_and_table(parts: Sequence[str]) -> Name:
    """The table that a name of two parts means; InvalidQueryError for any other."""
    if len(parts) != 2:
        raise InvalidQueryError(f'Table \'{".".join(parts)}\' does not exist: name it as "database"."table"')
    return parts[0], parts[1]


@dataclass(frozen=True, eq=False)
class Dialect:
    """The choices of a service.

    `functions` are scalar functions by name: a service's own, or its meaning of one of Trino's; `aggregates` its
    own aggregates. `grammar` is how its tokens are read. `table` says which table a name's parts mean.
    `timestamp_digits` is the precision of all timestamps. With `text_as_time` a string literal beside a time is read
    as one, with `time_zones` there is AT TIME ZONE.
    """

    functions: Mapping[str, "Function"] = field(default_factory=dict)
    grammar: Grammar = TRINO_GRAMMAR
    table: Callable[[Sequence[str]], Name] = database_and_table
    timestamp_digits: int = 9
    text_as_time: bool = True
    time_zones: bool = False
    aggregates: Mapping[str, "Aggregate"] = field(default_factory=dict)


TRINO = Dialect()
