"""Timestream's pages as rows of values."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.errors import OperatorError
from ops.store.port import Meter
from ops.store.timestream import TimestreamStore

TIME = "2026-01-01 00:00:00.123456789"
SCALAR = {"ScalarType": "VARCHAR"}
PAIR = {"RowColumnInfo": [{"Name": "name", "Type": SCALAR}, {"Name": "n", "Type": {"ScalarType": "INTEGER"}}]}


class Timestream:
    """Answers with the given pages, one per call."""

    def __init__(self, *pages: list[list[dict[str, Any]]], columns: list[dict[str, Any]]) -> None:
        self._pages, self._columns, self.calls = pages, columns, list[dict[str, Any]]()

    def query(self, **arguments: Any) -> dict[str, Any]:
        """The next page."""
        self.calls.append(arguments)
        number = len(self.calls)
        page: dict[str, Any] = {
            "ColumnInfo": self._columns,
            "Rows": [{"Data": row} for row in self._pages[number - 1]],
        }
        if number < len(self._pages):
            page["NextToken"] = f"token {number}"
        return page


def store(client: Any) -> TimestreamStore:
    """The store of a table that this client answers for."""
    return TimestreamStore(client, "d", "t", Meter())


def test_pages_are_read_to_the_end_even_when_the_first_is_empty() -> None:
    """An empty page with a token is not the end, and each token is used once with the same statement."""
    client = Timestream(
        [],
        [[{"ScalarValue": "x"}, {"NullValue": True}]],
        [[{"ScalarValue": "y"}, {"ScalarValue": "1"}]],
        columns=[{"Name": "a", "Type": SCALAR}, {"Type": {"ScalarType": "BIGINT"}}],
    )
    columns, rows = store(client).select("SELECT 1")
    assert list(columns) == ["a", "_col1"]
    assert list(rows) == [["x", None], ["y", 1]]
    assert [call.get("NextToken") for call in client.calls] == [None, "token 1", "token 2"]
    assert {call["QueryString"] for call in client.calls} == {"SELECT 1"}


@pytest.mark.parametrize(
    ("kind", "datum", "value"),
    [
        ({"ScalarType": "DOUBLE"}, {"ScalarValue": "1.5E3"}, 1500.0),
        ({"ScalarType": "BOOLEAN"}, {"ScalarValue": "false"}, False),
        ({"ScalarType": "TIMESTAMP"}, {"ScalarValue": TIME}, TIME),
        (
            {"ArrayColumnInfo": {"Type": PAIR}},
            {"ArrayValue": [{"RowValue": {"Data": [{"ScalarValue": "a"}, {"ScalarValue": "2"}]}}]},
            [{"name": "a", "n": 2}],
        ),
        (
            {"RowColumnInfo": [{"Type": SCALAR}]},
            {"RowValue": {"Data": [{"NullValue": True}]}},
            {"field0": None},
        ),
        (
            {"TimeSeriesMeasureValueColumnInfo": {"Type": {"ScalarType": "DOUBLE"}}},
            {"TimeSeriesValue": [{"Time": TIME, "Value": {"ScalarValue": "2"}}]},
            [{"time": TIME, "value": 2.0}],
        ),
    ],
)
def test_a_cell_has_its_columns_type(kind: dict[str, Any], datum: dict[str, Any], value: object) -> None:
    """Numbers are numbers, arrays and rows keep their structure, and a time keeps its nanoseconds."""
    client = Timestream([[datum]], columns=[{"Name": "a", "Type": kind}])
    _, rows = store(client).select("SELECT a")
    assert list(rows) == [[value]]


def test_timestreams_reason_reaches_the_operator_as_one_line() -> None:
    """A refused statement is an OperatorError with Timestream's own message."""

    class Refusing:
        def query(self, **_: Any) -> dict[str, Any]:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "line 1:8: no such column"}}, "Query"
            )

    with pytest.raises(OperatorError, match="line 1:8: no such column"):
        store(Refusing()).select("SELECT x")
