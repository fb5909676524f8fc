"""The parser takes for SQL what Trino's grammar takes for it, and says where something else begins."""

import pytest
from sqlglot import exp

from emulator.sql.errors import InvalidQueryError, MalformedQueryError, NotInEmulatorError
from emulator.sql.parser import TRINO_GRAMMAR, parse
from emulator.timestream.dialect import GRAMMAR
from tests.support.sql_mutations import public_queries, verdicts
from tests.support.trino_grammar import is_statement

_NO_SQL = ("parse_duration(3 hours)", "[1, 2]")
"""Parts of public statements that are no SQL, which AWS refuses too."""


def test_public_statements_are_read() -> None:
    """Every public query of Timestream is read, but for those that AWS refuses as well."""
    refused = []
    for query in public_queries():
        try:
            parse(query, GRAMMAR)
        except InvalidQueryError as error:
            refused.append((query, error.message))
    assert [query for query, _ in refused if not any(part in query for part in _NO_SQL)] == []
    assert len(refused) == len(_NO_SQL)


def test_edited_statements_are_judged_as_by_trino() -> None:
    """Of 600 edited public statements, in Timestream's grammar and Athena's, all are judged as by Trino's own."""
    found = list(verdicts(600, seed=20_261_126, longest=150))
    assert [v.statement for v in found if v.ours and not v.theirs] == []
    # TRY_CAST is no reserved word in Trino: try_cast(a, b) would be the call of a function that there is not.
    assert [
        v.statement for v in found if v.theirs and not (v.ours or v.missing or "try_cast" in v.statement)
    ] == []
    assert sum(v.theirs for v in found) > 100
    assert sum(not v.theirs for v in found) > 600


_READ = [
    "SELECT 1e0+1, 2e0-1, x*1e3-5 FROM (VALUES 1) AS t(x)",
    "SELECT .5, 1., 1.5e-3",
    "SELECT x AS interval FROM (VALUES 2, 1) AS t(x) ORDER BY interval",
    "SELECT limit, offset, first, row, array FROM t limit",
    "SELECT 1 limit, 2 AS offset, 3 window FROM t fetch LIMIT 5",
    "SELECT interval '-1' day, interval - '2' month, INTERVAL '1-2' YEAR TO MONTH",
    "SELECT all, 1",
    "SELECT ALL 1, all",
    "SELECT ALL * FROM t",
    "SELECT all * 2 FROM t",
    "SELECT t.*, a.b.* FROM t",
    "SELECT ((SELECT 1)), ((SELECT 1) + 1), ((SELECT 1), 2), (((SELECT 1)))",
    "SELECT 1 IN ((SELECT 1)), 1 IN ((SELECT 1), 2), 1 IN ((SELECT 1) UNION (SELECT 2)), 1 IN (SELECT 1)",
    "SELECT ((SELECT 1) NOT IN (1, 2)), ((SELECT 1) - 1)",
    "SELECT * FROM ((SELECT 1) UNION SELECT 2) t, ((SELECT 1) t CROSS JOIN (SELECT 2) u), ((t))",
    "SELECT * FROM (((SELECT 1) limit CROSS JOIN u))",
    "SELECT * FROM ((SELECT 1) LIMIT 1) t",
    "SELECT * FROM a JOIN b JOIN c ON b.x = c.x ON a.x = b.x LEFT OUTER JOIN d USING (x, y), e CROSS JOIN f",
    "(SELECT 1 UNION ALL SELECT 2) INTERSECT (SELECT 1) EXCEPT ALL VALUES 1, (2) ORDER BY 1 DESC NULLS FIRST",
    "WITH a(x) AS (WITH b AS (SELECT 1) SELECT * FROM b), c AS (TABLE a) SELECT * FROM a OFFSET 1 ROW LIMIT ALL",
    "SELECT * FROM t OFFSET 2 FETCH FIRST 3 ROWS ONLY",
    "SELECT count(*) FILTER (WHERE a) filter, count(DISTINCT a, b) over, array_agg(a ORDER BY b DESC, c)",
    "SELECT sum(x) OVER (PARTITION BY a, b ORDER BY c ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING)",
    "SELECT lag(x) IGNORE NULLS OVER (ORDER BY y RANGE CURRENT ROW), lag(x) ignore, rank() OVER w, rank() OVER (w)",
    "SELECT x -> x + 1, (a, b) -> a, () -> 1, filter(a, x -> x IS NOT NULL)",
    "SELECT ROW(1, 'a'), ROW(1)[1], (1, 2), ARRAY[1, ARRAY[]][1], f(x).y, (r).a.b, a.b.c.d.e",
    "SELECT CASE WHEN a THEN 1 END, CASE a WHEN 1 THEN 2 WHEN 3 THEN 4 ELSE 5 END",
    "SELECT CAST(a AS varchar(3)), TRY_CAST(b AS array(row(x bigint, y array(double)))), CAST(c AS timestamp(3))",
    "SELECT CAST(a AS double precision), CAST(b AS map(varchar, bigint)), CAST(c AS time with time zone)",
    "SELECT CAST(a AS bigint array), CAST(b AS ARRAY<bigint>), CAST(c AS interval day to second), CAST(d AS row(time))",
    "SELECT EXTRACT(YEAR FROM x), position('a' IN b), position(a, b), substring(a FROM 1 FOR 2), substring(a, 1)",
    "SELECT trim(a), trim(BOTH 'x' FROM a), trim(LEADING FROM a), trim('x' FROM a), trim(a, 'x'), normalize(a, NFC)",
    "SELECT current_date, current_timestamp, localtime, current_time(3)",
    "SELECT DATE '2020-01-01', TIMESTAMP '2020-01-01', DOUBLE PRECISION '1.5', x 'text', U&'d\\0061t\\+000061', X'AB'",
    "SELECT a AT TIME ZONE 'UTC' AT TIME ZONE INTERVAL '1' HOUR, at FROM t",
    "SELECT a = ALL (SELECT 1), b <> ANY ((SELECT 1)), c >= SOME (VALUES 1, 2), any(1), d = any(2)",
    "SELECT NOT a AND NOT NOT b OR c IS NOT DISTINCT FROM d, a NOT BETWEEN 1 AND 2 + 3, b NOT LIKE 'x' ESCAPE '!'",
    "SELECT - 1, + 1, - - 1, -x AT TIME ZONE 'UTC', a || b + c * -d",
    "SELECT * FROM UNNEST(a, b) WITH ORDINALITY AS t(x, y, n), UNNEST(ARRAY[1])",
    "SELECT a FROM t GROUP BY ALL a, b",
    "SELECT a FROM t GROUP BY DISTINCT a, (b), all",
    "SELECT a FROM t GROUP BY (), (a), (a, b), ROLLUP (a, (b, c)), CUBE (), GROUPING SETS ((), a, (b)), a + 1",
    "SELECT EXISTS (SELECT 1) WHERE EXISTS ((SELECT 1) UNION (SELECT 2)) HAVING true",
    'SELECT "a""b", "select" FROM "x-y"."z" AS "t"("c")',
    "SELECT 1 -- a comment\n /* another\n one */ + 1",
]


@pytest.mark.parametrize("statement", _READ)
def test_read(statement: str) -> None:
    """What is SQL is read, as it is by Trino's grammar."""
    assert is_statement(statement)
    parse(statement, TRINO_GRAMMAR)


_NOT_READ = [
    ("SELECT 1, , 2", "line 1:11: mismatched input ','. Expecting: <expression>"),
    ("SELECT bitwise_xor(12, , 7)", "line 1:24: mismatched input ','"),
    ("SELECT 1 IN (1,,2)", "line 1:16: mismatched input ','"),
    ("SELECT , 1", "line 1:8: mismatched input ','"),
    ("SELECT 1,", "line 1:10: mismatched input '<EOF>'"),
    ("SELECT 1 AS", "line 1:12: mismatched input '<EOF>'. Expecting: <identifier>"),
    ("SELECT AS 1", "line 1:8: mismatched input 'AS'"),
    ("SELECT * FROM (SELECT 1) AS", "line 1:28: mismatched input '<EOF>'"),
    ("SELECT 1 AS 'x'", "line 1:13: mismatched input ''x''"),
    ("SELECT * FROM (VALUES 1) 'x'", "line 1:26: mismatched input ''x''. Expecting: <EOF>"),
    ("SELECT 1 AS FROM", "line 1:13: mismatched input 'FROM'"),
    ("SELECT 1 CASE", "line 1:10: mismatched input 'CASE'"),
    ("SELECT * FROM a JOIN b", "line 1:23: mismatched input '<EOF>'. Expecting: 'ON', 'USING'"),
    ("SELECT * FROM a JOIN b ON", "line 1:26: mismatched input '<EOF>'"),
    ("SELECT x FROM t GROUP BY x WHERE x = 1", "line 1:28: mismatched input 'WHERE'"),
    ("SELECT x FROM t LIMIT 1 ORDER BY x", "line 1:25: mismatched input 'ORDER'"),
    ("SELECT x FROM t LIMIT 1 OFFSET 1", "line 1:25: mismatched input 'OFFSET'"),
    ("SELECT 2 BETWEEN 1 3", "line 1:20: mismatched input '3'. Expecting: 'AND'"),
    ("SELECT 1 IS", "line 1:12: mismatched input '<EOF>'"),
    ("SELECT 1 IN", "line 1:12: mismatched input '<EOF>'. Expecting: '('"),
    ("SELECT 1 IN ()", "line 1:14: mismatched input ')'"),
    ("SELECT a = b = c", "line 1:14: mismatched input '='"),
    ("SELECT 1 + NOT a", "line 1:12: mismatched input 'NOT'"),
    ("SELECT CASE END", "line 1:13: mismatched input 'END'"),
    ("SELECT CASE WHEN a THEN 1", "line 1:26: mismatched input '<EOF>'. Expecting: 'END'"),
    ("SELECT CAST(a AS)", "line 1:17: mismatched input ')'. Expecting: <identifier>"),
    ("SELECT CAST(a, varchar)", "line 1:14: mismatched input ','. Expecting: 'AS'"),
    ("SELECT count(DISTINCT)", "line 1:22: mismatched input ')'"),
    ("SELECT count(*, 1)", "line 1:15: mismatched input ','. Expecting: ')'"),
    ("SELECT sum(x) OVER (PARTITION BY)", "line 1:33: mismatched input ')'"),
    ("SELECT sum(x) OVER (ROWS 1)", "line 1:27: mismatched input ')'"),
    ("SELECT x FROM t ORDER BY x NULLS", "line 1:33: mismatched input '<EOF>'. Expecting: 'FIRST', 'LAST'"),
    ("SELECT 1 UNION", "line 1:15: mismatched input '<EOF>'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES'"),
    ("SELECT (WITH a AS (SELECT 1) SELECT 1) UNION SELECT 1 +", "line 1:56: mismatched input '<EOF>'"),
    ("(WITH a AS (SELECT 1) SELECT * FROM a)", "line 1:2: mismatched input 'WITH'"),
    ("SELECT ((WITH a AS (SELECT 1) SELECT 1) UNION SELECT 1)", "line 1:41: mismatched input 'UNION'"),
    ("WITH SELECT 1", "line 1:6: mismatched input 'SELECT'. Expecting: <identifier>"),
    ("SELECT 1\nFROM t\nWHERE", "line 3:6: mismatched input '<EOF>'"),
    ("SELECT [1, 2]", "line 1:8: mismatched input '['"),
    ("SELECT a::double", "line 1:9: mismatched input '::'"),
    ("SELECT (1", "line 1:10: mismatched input '<EOF>'. Expecting: ')'"),
    ("SELECT 1)", "line 1:9: mismatched input ')'. Expecting: <EOF>"),
    ("SELECT x AT TIME ZONE 1", "line 1:23: mismatched input '1'. Expecting: <string>, <interval>"),
    ("SELECT f(x y)", "line 1:12: mismatched input 'y'. Expecting: ')'"),
    ("SELECT x FROM t GROUP BY", "line 1:25: mismatched input '<EOF>'"),
    ("SELECT x FROM t GROUP BY GROUPING SETS ()", "line 1:41: mismatched input ')'"),
    ("SELECT 1 + t.* FROM t", "line 1:13: mismatched input '.'. Expecting: ','"),
    ("SELECT EXTRACT('year' FROM x)", "line 1:16: mismatched input ''year''. Expecting: <identifier>"),
    ("VALUES", "line 1:7: mismatched input '<EOF>'"),
    ("TABLE", "line 1:6: mismatched input '<EOF>'"),
    ("DELETE FROM t WHERE", "line 1:1: mismatched input 'DELETE'"),
]


@pytest.mark.parametrize(("statement", "says"), _NOT_READ)
def test_no_sql(statement: str, says: str) -> None:
    """What is no SQL is refused at its first wrong token, as it is by Trino's grammar."""
    assert not is_statement(statement)
    with pytest.raises(MalformedQueryError) as refused:
        parse(statement)
    assert refused.value.message.startswith(says)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT * FROM a NATURAL JOIN b", "line 1:17: this emulator does not have NATURAL JOIN"),
        ("SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "line 1:17: this emulator does not have TABLESAMPLE"),
        ("SELECT * FROM t, LATERAL (SELECT 1)", "line 1:18: this emulator does not have LATERAL"),
        ("WITH RECURSIVE a AS (SELECT 1) SELECT 1", "line 1:6: this emulator does not have WITH RECURSIVE"),
        ("SELECT grouping(a) FROM t", "line 1:8: this emulator does not have GROUPING (…)"),
        ("SELECT json_exists(a, '$')", "line 1:8: this emulator does not have JSON_EXISTS"),
        (
            "SELECT 1 FROM t WINDOW w AS (ORDER BY a)",
            "line 1:17: this emulator does not have the WINDOW clause",
        ),
        (
            "SELECT a FROM t GROUP BY DISTINCT CUBE (a)",
            "line 1:26: this emulator does not have GROUP BY DISTINCT",
        ),
        ("SELECT a OVER b FROM t", "line 1:10: this emulator does not have measures of row patterns"),
        ("SELECT f(x).*", "line 1:12: this emulator does not have the fields of a row as columns"),
        ("SELECT a FROM t FETCH FIRST ROW WITH TIES", "line 1:33: this emulator does not have FETCH FIRST"),
    ],
)
def test_what_the_emulator_does_not_have(statement: str, says: str) -> None:
    """SQL that goes further than this emulator is told from what is no SQL, and named."""
    with pytest.raises(NotInEmulatorError) as refused:
        parse(statement)
    assert refused.value.message.startswith(says)


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("a OR b AND NOT c = d", "a OR (b AND (NOT (c = d)))"),
        ("a || b + c * d - e", "a || ((b + (c * d)) - e)"),
        ("a - b - c", "(a - b) - c"),
        ("- a * b", "(- a) * b"),
        ("a BETWEEN b AND c AND d", "(a BETWEEN b AND c) AND d"),
        ("NOT a IN (1) OR b", "(NOT (a IN (1))) OR b"),
        ("a * b % c / d", "((a * b) % c) / d"),
    ],
)
def test_precedence(expression: str, same: str) -> None:
    """Operators bind as in Trino."""

    assert _shape(expression) == _shape(same)


def _shape(text: str) -> str:
    """An expression with all its parentheses, those that were written taken away."""

    def shape(node: exp.Expression) -> str:
        if isinstance(node, exp.Paren):
            return shape(node.this)
        parts = [shape(part) for part in node.iter_expressions()]
        return f"({type(node).__name__} {' '.join(parts)})" if parts else node.name

    return shape(parse(f"SELECT {text}").expressions[0])


def test_deep_statements_are_refused() -> None:
    """Nesting without end is refused, not a crash."""
    for opening in ("(", "f(", "ARRAY[", "- ", "NOT ", "CASE ", "(SELECT (", "x -> "):
        with pytest.raises(InvalidQueryError):
            parse(f"SELECT {opening * 20_000}1")
