"""What is selected or sorted by is grouped by, or stands in an aggregate; what is not is named where it stands."""

import pytest

from emulator.sql import InvalidQueryError
from tests.support.sql_fleet import Ask


@pytest.mark.parametrize(
    ("query", "place", "name"),
    [
        ("SELECT host, cpu FROM metrics.fleet GROUP BY host", "1:14", "cpu"),
        ("SELECT host, count(*)\nFROM metrics.fleet", "1:8", "host"),
        ("SELECT f.host, f.cpu + 1 FROM metrics.fleet f GROUP BY f.host", "1:16", "f.cpu"),
        ("SELECT count(*) FROM metrics.fleet GROUP BY host HAVING cpu > 1", "1:57", "cpu"),
        ("SELECT host FROM metrics.fleet GROUP BY host ORDER BY cpu", "1:55", "cpu"),
        ("SELECT bin(time, 2m), count(*) FROM metrics.fleet GROUP BY bin(time, 1m)", "1:12", "time"),
        ("SELECT sum(cpu) OVER (PARTITION BY host) FROM metrics.fleet GROUP BY host", "1:12", "cpu"),
        ("SELECT *, count(*) FROM (SELECT host FROM metrics.fleet)", "1:8", "host"),
        ("SELECT CASE WHEN host = 'a' THEN cpu END FROM metrics.fleet GROUP BY host", "1:34", "cpu"),
        ("SELECT cpu FROM metrics.fleet GROUP BY GROUPING SETS ((host), ())", "1:8", "cpu"),
    ],
)
def test_refused(query: str, place: str, name: str, ask: Ask) -> None:
    """A column that is neither grouped by nor in an aggregate is refused in AWS's words."""
    with pytest.raises(InvalidQueryError) as refused:
        ask(query)
    said = f"line {place}: '{name}' must be an aggregate expression or appear in GROUP BY clause"
    assert refused.value.message == said


@pytest.mark.parametrize(
    "query",
    [
        "SELECT host, upper(host), max(cpu) + 1 FROM metrics.fleet GROUP BY host",
        "SELECT upper(host) || 'x', count(*) n FROM metrics.fleet GROUP BY upper(host) HAVING sum(cpu) > 0 ORDER BY n",
        "SELECT bin(time, 1m) AS minute, count(*) FROM metrics.fleet GROUP BY 1 ORDER BY minute",
        "SELECT (host), cpu FROM metrics.fleet GROUP BY (host), cpu",
        "SELECT host, rank() OVER (ORDER BY sum(cpu)) FROM metrics.fleet GROUP BY host",
        "SELECT sum(sum(cpu)) OVER (PARTITION BY host) FROM metrics.fleet GROUP BY host",
        "SELECT sum(cpu) OVER (PARTITION BY host), cpu FROM metrics.fleet",
        "SELECT sum(cpu) FILTER (WHERE host = 'a'), 1 FROM metrics.fleet",
        "SELECT host, sum(cpu) FILTER (WHERE host = 'a') OVER () FROM metrics.fleet",
        "SELECT host, lag(cpu) IGNORE NULLS OVER (ORDER BY time) FROM metrics.fleet",
        f"SELECT true{' AND host IS NOT NULL' * 2_000} FROM metrics.fleet GROUP BY host",
        "SELECT host, (SELECT max(cpu) FROM metrics.fleet) FROM metrics.fleet",
        "SELECT host, (SELECT count(*) FROM metrics.fleet g WHERE g.host = f.host) FROM metrics.fleet f GROUP BY host",
        "SELECT host, cpu, count(*) FROM metrics.fleet GROUP BY GROUPING SETS ((host, cpu), (host), ())",
        "SELECT host, count(*) FROM metrics.fleet GROUP BY ALL host",
        "SELECT *, count(*) FROM (SELECT host, region FROM metrics.fleet) GROUP BY 1, 2",
        "SELECT *, upper(host), count(*) FROM (SELECT host, region FROM metrics.fleet) GROUP BY 1, 2, 3",
        "SELECT host, count(*) FROM metrics.fleet GROUP BY DISTINCT host",
        "SELECT host, region, count(*) FROM metrics.fleet GROUP BY CUBE (host, region)",
        "SELECT transform(array_agg(cpu), x -> x + 1e0) FROM metrics.fleet",
        "SELECT host AS h FROM metrics.fleet GROUP BY host ORDER BY h, lower(h)",
    ],
)
def test_answered(query: str, ask: Ask) -> None:
    """Expressions of what is grouped by, aggregates, and columns of other queries are no mistake."""
    assert ask(query).rows


def test_constant_order(ask: Ask) -> None:
    """An order by a constant is none."""
    assert len(ask("SELECT host FROM metrics.fleet ORDER BY 'x' LIMIT 3").rows) == 3
