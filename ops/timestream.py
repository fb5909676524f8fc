"""Timestream's answers to SQL: rows of values that have their own types, read page after page."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ops.errors import refusals

_SCALARS: Mapping[str, Callable[[str], object]] = {
    "BIGINT": int,
    "INTEGER": int,
    "DOUBLE": float,
    "BOOLEAN": lambda text: text == "true",
}


def select(client: Any, sql: str) -> tuple[Sequence[str], Iterator[list[Any]]]:
    """Column names and rows of a statement, page after page.

    Numbers are numbers, an array is a list, a row a dict, a time series a list of dicts; times are text, as they have
    nanoseconds. NULL is None.

    A page may be empty while the query still runs, so only a missing NextToken ends it:
    https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Query.html
    Raises OperatorError with Timestream's reason.
    """
    pages = _pages(client, sql)
    first = next(pages)
    columns = first["ColumnInfo"]
    names = [column.get("Name", f"_col{index}") for index, column in enumerate(columns)]
    types = [column["Type"] for column in columns]

    every = itertools.chain([first], pages)
    return names, (list(map(_value, row["Data"], types)) for page in every for row in page["Rows"])


def quoted_name(name: str) -> str:
    """A name as SQL has it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as SQL has it, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


def _pages(client: Any, sql: str) -> Iterator[dict[str, Any]]:
    arguments = {"QueryString": sql}
    while True:
        with refusals("cannot query Timestream"):
            page = client.query(**arguments)
        yield page
        if "NextToken" not in page:
            return
        arguments = {"QueryString": sql, "NextToken": page["NextToken"]}


def _value(datum: Mapping[str, Any], kind: Mapping[str, Any]) -> Any:
    """A datum as its column's type has it: https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Datum.html"""
    if "ScalarValue" in datum:
        text: str = datum["ScalarValue"]
        return _SCALARS.get(kind.get("ScalarType", ""), str)(text)
    if "ArrayValue" in datum:
        inner = kind["ArrayColumnInfo"]["Type"]
        return [_value(one, inner) for one in datum["ArrayValue"]]
    if "TimeSeriesValue" in datum:
        inner = kind["TimeSeriesMeasureValueColumnInfo"]["Type"]
        return [
            {"time": one["Time"], "value": _value(one["Value"], inner)} for one in datum["TimeSeriesValue"]
        ]
    if "RowValue" in datum:
        fields = kind["RowColumnInfo"]
        return {
            field.get("Name", f"field{index}"): _value(one, field["Type"])
            for index, (one, field) in enumerate(zip(datum["RowValue"]["Data"], fields, strict=True))
        }
    return None
