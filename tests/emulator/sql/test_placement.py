"""Aggregates and window functions stand where Trino has them; elsewhere they are refused in its words, and where."""

import pytest

from emulator.sql import InvalidQueryError
from tests.support.sql_fleet import Ask

_NOT_YET = "clause cannot contain aggregations, window functions or grouping operations"
_NO_WINDOW = "Cannot nest window functions or row pattern measures inside"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT host FROM metrics.fleet WHERE sum(cpu) > 1", f"line 1:38: WHERE {_NOT_YET}"),
        ("SELECT host FROM metrics.fleet WHERE 1 = rank() OVER ()", f"line 1:42: WHERE {_NOT_YET}"),
        ("SELECT host, max(cpu) FROM metrics.fleet GROUP BY 1, 2", f"line 1:14: GROUP BY {_NOT_YET}"),
        ("SELECT count(*) FROM metrics.fleet GROUP BY sum(cpu)", f"line 1:45: GROUP BY {_NOT_YET}"),
        (
            "SELECT 1 FROM metrics.fleet a JOIN metrics.fleet b ON max(a.cpu) = b.cpu",
            f"line 1:55: JOIN {_NOT_YET}",
        ),
        ("SELECT sum(cpu) FILTER (WHERE max(cpu) > 1) FROM metrics.fleet", f"line 1:31: FILTER {_NOT_YET}"),
        (
            "SELECT host FROM metrics.fleet GROUP BY host HAVING rank() OVER () = 1",
            "line 1:53: HAVING clause cannot contain window functions",
        ),
        (
            "SELECT sum(max(cpu)) FROM metrics.fleet",
            "line 1:12: Cannot nest aggregations inside aggregation 'sum'",
        ),
        ("SELECT sum(rank() OVER ()) FROM metrics.fleet", f"line 1:12: {_NO_WINDOW} aggregation 'sum'"),
        (
            "SELECT rank() OVER (ORDER BY rank() OVER ()) FROM metrics.fleet",
            f"line 1:30: {_NO_WINDOW} window function",
        ),
        (
            "SELECT sum(cpu) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM metrics.fleet",
            "line 1:8: Window frame starting from CURRENT ROW cannot end with PRECEDING",
        ),
        (
            "SELECT sum(cpu) OVER (ROWS 1 FOLLOWING) FROM metrics.fleet",
            "line 1:8: Window frame starting from FOLLOWING cannot end with CURRENT ROW",
        ),
        (
            "SELECT sum(cpu) OVER (ROWS UNBOUNDED FOLLOWING) FROM metrics.fleet",
            "line 1:8: Window frame start cannot be UNBOUNDED FOLLOWING",
        ),
        (
            "SELECT sum(cpu) OVER (ROWS BETWEEN 1 PRECEDING AND UNBOUNDED PRECEDING) FROM metrics.fleet",
            "line 1:8: Window frame end cannot be UNBOUNDED PRECEDING",
        ),
        (
            "SELECT sum(cpu) OVER (ROWS -1 PRECEDING) FROM metrics.fleet",
            "line 1:8: Window frame offset value must not",
        ),
    ],
)
def test_refused(query: str, says: str, ask: Ask) -> None:
    """What stands in a wrong place is refused there."""
    with pytest.raises(InvalidQueryError) as refused:
        ask(query)
    assert refused.value.message.startswith(says)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT host FROM metrics.fleet WHERE cpu = (SELECT max(cpu) FROM metrics.fleet)",
        "SELECT sum(sum(cpu)) OVER (ORDER BY max(cpu)) FROM metrics.fleet GROUP BY host",
        "SELECT host FROM metrics.fleet GROUP BY host HAVING sum(cpu) > 0 ORDER BY rank() OVER (ORDER BY sum(cpu))",
        "SELECT sum(cpu) OVER (ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM metrics.fleet",
        "SELECT sum(cpu) OVER (ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) FROM metrics.fleet",
    ],
)
def test_answered(query: str, ask: Ask) -> None:
    """What stands in its place is answered."""
    assert ask(query).rows
