"""SQL from the command line."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.errors import OperatorError
from ops.query import select


class Timestream:
    """Answers with the given pages, one per call."""

    def __init__(self, *pages: list[list[dict[str, Any]]]) -> None:
        self._pages, self.calls = pages, list[dict[str, Any]]()

    def query(self, **arguments: Any) -> dict[str, Any]:
        """The next page."""
        self.calls.append(arguments)
        number = len(self.calls)
        page: dict[str, Any] = {
            "ColumnInfo": [
                {"Name": "a", "Type": {"ScalarType": "VARCHAR"}},
                {"Type": {"ScalarType": "BIGINT"}},
            ],
            "Rows": [{"Data": row} for row in self._pages[number - 1]],
        }
        if number < len(self._pages):
            page["NextToken"] = f"token {number}"
        return page


def test_pages_are_read_to_the_end_even_when_the_first_is_empty() -> None:
    """An empty page with a token is not the end, and each token is used once with the same statement."""
    client = Timestream(
        [], [[{"ScalarValue": "x"}, {"NullValue": True}]], [[{"ScalarValue": "y"}, {"ScalarValue": "1"}]]
    )
    columns, rows = select(client, "SELECT 1")
    assert list(columns) == ["a", "_col1"]
    assert list(rows) == [["x", ""], ["y", "1"]]
    assert [call.get("NextToken") for call in client.calls] == [None, "token 1", "token 2"]
    assert {call["QueryString"] for call in client.calls} == {"SELECT 1"}


def test_timestreams_reason_reaches_the_operator_as_one_line() -> None:
    """A refused statement is an OperatorError with Timestream's own message."""

    class Refusing:
        def query(self, **_: Any) -> dict[str, Any]:
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": "line 1:8: no such column"}}, "Query"
            )

    with pytest.raises(OperatorError, match="line 1:8: no such column"):
        select(Refusing(), "SELECT x")
