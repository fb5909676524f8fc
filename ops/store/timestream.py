"""Timestream's answers to SQL: rows of values that have their own types, read page after page."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.bill.prices import LEAST_QUERY_TCU_HOURS
from ops.errors import refusals
from ops.store.port import Answer, Meter
from ops.store.quoted import quoted_name

_SCALARS: Mapping[str, Callable[[str], object]] = {
    "BIGINT": int,
    "INTEGER": int,
    "DOUBLE": float,
    "BOOLEAN": lambda text: text == "true",
}


class TimestreamStore:
    """A table of Timestream's; `client` is an SDK client of timestream-query."""

    service = "Timestream"
    superseded = ""
    own_columns: Sequence[str] = ("metric_name", "metric_type", "time", "value", "measure_name")
    time_ns = "to_nanoseconds(time)"

    def __init__(self, client: Any, database: str, table: str, meter: Meter) -> None:
        self._client, self._meter = client, meter
        self.points = f"{quoted_name(database)}.{quoted_name(table)}"

    def select(self, sql: str) -> Answer:
        """The answer to a statement, page after page: an array is a list, a row a dict, a time series a list of dicts.

        A page may be empty while the query still runs, so only a missing NextToken ends it:
        https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Query.html
        Raises OperatorError with Timestream's reason.
        """
        self._meter.asked()
        self._meter.billed("timestream_compute", LEAST_QUERY_TCU_HOURS)
        pages = self._pages(sql)
        first = next(pages)
        columns = first["ColumnInfo"]
        names = [column.get("Name", f"_col{index}") for index, column in enumerate(columns)]
        types = [column["Type"] for column in columns]
        every = itertools.chain([first], pages)
        rows = (list(map(_value, row["Data"], types)) for page in every for row in page["Rows"])
        return names, rows

    def expect_bounded(self, sql: str) -> None:
        """Refuse nothing: a query is billed by its time, and Timestream ends one that takes a minute."""

    def dimensions(self) -> list[str] | None:
        """The names of all dimensions of clients, by DESCRIBE; None before the first point."""
        roles = {str(name): role for name, _, role in self.select(f"DESCRIBE {self.points}")[1]}
        if "value" not in roles:
            return None
        return sorted(
            name for name, role in roles.items() if role == "DIMENSION" and name not in self.own_columns
        )

    def since(self, interval: str) -> str:
        """The condition by `ago`."""
        return f"time > ago({interval})"

    def within(self, start_s: int, end_s: int) -> str:
        """The condition on the time, and on the measure's name, which lets Timestream skip whatever else is there."""
        return f"measure_name = 'metric' AND time >= {_timestamp(start_s)} AND time < {_timestamp(end_s)}"

    def column(self, dimension: str) -> str:
        """The dimension's own name."""
        return dimension

    def bins(self, interval: str) -> str:
        """The expression by `bin`."""
        return f"bin(time, {interval})"

    def _pages(self, sql: str) -> Iterator[dict[str, Any]]:
        arguments = {"QueryString": sql}
        while True:
            with refusals("cannot query Timestream"):
                page = self._client.query(**arguments)
            yield page
            if "NextToken" not in page:
                return
            arguments = {"QueryString": sql, "NextToken": page["NextToken"]}


def _timestamp(time_s: int) -> str:
    return f"TIMESTAMP '{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}.000000000'"


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
