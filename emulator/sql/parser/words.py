"""The words that no name may be unless it is quoted, and how a service's tokens differ from Trino's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

RESERVED = frozenset(
    re.findall(
        "[A-Z_]+",
        """ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP
        CURRENT_USER DEALLOCATE DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR
        FROM FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN LEFT LIKE LOCALTIME LOCALTIMESTAMP
        NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT TABLE THEN TRUE UESCAPE
        UNION UNNEST USING VALUES WHEN WHERE WITH""",
    )
)
"""Those of Timestream: https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html"""

RESERVED_TRINO = RESERVED | frozenset(
    re.findall(
        "[A-Z_]+",
        """CURRENT_CATALOG CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY
        JSON_TABLE JSON_VALUE LISTAGG SKIP TRIM""",
    )
)
"""Those of Trino, and so of Athena: https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html"""


@dataclass(frozen=True)
class Grammar:
    """The choices of a service's tokens.

    `units` are those of numbers such as `30s`; with `parameters` there are `@names`; `typed` are names that take a type
    behind `::`, each with its types.
    """

    reserved: frozenset[str] = RESERVED_TRINO
    units: tuple[str, ...] = ()
    parameters: bool = False
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.reserved, self.units, self.parameters, tuple(self.typed)))


TRINO_GRAMMAR = Grammar()
