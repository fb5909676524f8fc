"""The permissions that Timestream's requests take: those of a query by the kind of its statement and the tables in it.

https://docs.aws.amazon.com/timestream/latest/developerguide/security_iam_service-with-iam.html
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

_WORD = re.compile(r"[\s(]*(\w+)")
_STRING = re.compile(r"'(?:[^']|'')*'")
_NAME = r'(?:"((?:[^"]|"")+)"|(\w+))'
_TABLE = re.compile(rf"\b(?:FROM|JOIN|DESCRIBE|DESC)\s+{_NAME}\s*\.\s*{_NAME}", re.IGNORECASE)
_TARGET = re.compile(r"\bTO\s+'s3://([^/']+)/?((?:[^']|'')*)'\s*(?:WITH|$)", re.IGNORECASE)
_KEY = re.compile(r"\bkms_key\s*=\s*'([^']+)'", re.IGNORECASE)
_ON_TABLES = {
    "DESC": ["DescribeTable"], "DESCRIBE": ["DescribeTable"], "SELECT": ["Select"], "SHOW": ["ListMeasures"],
    "UNLOAD": ["Select", "Unload"], "WITH": ["Select"],
}  # fmt: skip
_NO_RESOURCE = frozenset({"CancelQuery", "DescribeEndpoints", "ListDatabases"})

ArnOf = Callable[[str, str, str], str]


def needed(operation: str, parameters: Any, arn_of: ArnOf) -> Iterator[tuple[str, str]]:
    """Actions with their resources; LookupError for a statement that is not known here."""
    if operation in {"PrepareQuery", "Query"}:
        yield from _by_statement(parameters["QueryString"], arn_of)
    elif operation in _NO_RESOURCE:
        yield f"timestream:{operation}", "*"
    else:
        yield f"timestream:{operation}", _table(parameters["DatabaseName"], parameters["TableName"], arn_of)


def tables_of(statement: str, arn_of: ArnOf) -> list[str]:
    """The ARNs of the tables that a statement reads."""
    found = _TABLE.findall(_STRING.sub("''", statement))
    names = [
        (database.replace('""', '"') or plain_database, table.replace('""', '"') or plain_table)
        for database, plain_database, table, plain_table in found
    ]
    return [_table(database, table, arn_of) for database, table in dict.fromkeys(names)]


def unload_target(statement: str) -> tuple[str, str, str | None] | None:
    """Bucket, prefix and key of an UNLOAD; None when the statement is none."""
    target = _TARGET.search(statement)
    if _kind(statement) != "UNLOAD" or target is None:
        return None
    key = _KEY.search(statement)
    return target[1], target[2].replace("''", "'").strip("/"), key[1] if key else None


def _by_statement(statement: str, arn_of: ArnOf) -> Iterator[tuple[str, str]]:
    tables = tables_of(statement, arn_of)
    for action in _ON_TABLES[_kind(statement)]:
        for table in tables:
            yield f"timestream:{action}", table
    if not tables:
        yield "timestream:SelectValues", "*"


def _kind(statement: str) -> str:
    word = _WORD.match(statement)
    return word[1].upper() if word else ""


def _table(database: str, table: str, arn_of: ArnOf) -> str:
    return arn_of("timestream", f"database/{database}/table/", table)
