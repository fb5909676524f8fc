"""A statement is told by its first words; what Athena has and this does not is refused by name."""

import pytest

from emulator.athena.engine import statements
from emulator.athena.outcome import QueryError


@pytest.mark.parametrize(
    ("sql", "kind", "word"),
    [
        ("SELECT 1", "DML", "SELECT"),
        ("\n-- why `this`\nwith a as (select 1) select * from a;", "DML", "SELECT"),
        ("(VALUES 1) UNION ALL SELECT 2", "DML", "SELECT"),
        ("VALUES 1", "DML", "SELECT"),
        ("SELECT ?", "DML", "SELECT"),
        ("unload (select ? as a) to 's3://bucket/x' with (format = 'json')", "DML", "UNLOAD"),
        ("create or replace view v as select 1 as a", "DDL", "CREATE_VIEW"),
        ("create table t with (format = 'json') as select ? as a", "DDL", "CREATE_TABLE_AS_SELECT"),
        ("Drop View If Exists v", "DDL", "DROP_VIEW"),
        ("desc `a-b`.`c`", "UTILITY", "DESCRIBE_TABLE"),
        ("SHOW  CREATE\nVIEW v", "UTILITY", "SHOW_CREATE_VIEW"),
    ],
)
def test_kinds(sql: str, kind: str, word: str) -> None:
    """StatementType and SubstatementType as Athena has them."""
    found = statements.parse(sql).statement
    assert (found.kind, found.word) == (kind, word)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("EXPLAIN SELECT 1", "NOT_SUPPORTED: this emulator does not have EXPLAIN"),
        (
            "CREATE TABLE t (a int)",
            "NOT_SUPPORTED: line 1:16: this emulator does not have CREATE TABLE without AS",
        ),
        ("CREATE TABLE t AS", "line 1:18: mismatched input '<EOF>'. Expecting: '(', 'SELECT'"),
        ("CREATE TABLE t AS SELECT FROM", "line 1:"),
        ("CREATE TABLE t WITH (format=) AS SELECT 1", "line 1:29: mismatched input ')'. Expecting: <string>"),
        (
            "CREATE TABLE IF NOT EXISTS t AS SELECT 1",
            "NOT_SUPPORTED: line 1:14: this emulator does not have CREATE",
        ),
        ("SHOW", "NOT_SUPPORTED: this emulator does not have SHOW"),
        ("SELECT @a", "line 1:8: mismatched input '@'"),
        ("CREATE EXTERNAL TABLE t (a int)", "NOT_SUPPORTED: this emulator does not have CREATE EXTERNAL"),
        ("INSERT INTO t VALUES (1)", "NOT_SUPPORTED: this emulator does not have INSERT INTO"),
        ("MSCK REPAIR TABLE t", "NOT_SUPPORTED: this emulator does not have MSCK REPAIR"),
        ("ALTER TABLE t ADD PARTITION (a = 1)", "NOT_SUPPORTED: this emulator does not have ALTER TABLE"),
        ("SHOW TBLPROPERTIES t", "NOT_SUPPORTED: this emulator does not have SHOW TBLPROPERTIES"),
        ("DROP TABLE t", "NOT_SUPPORTED: this emulator does not have DROP TABLE"),
        ("PREPARE p FROM SELECT 1", "NOT_SUPPORTED: this emulator does not have PREPARE"),
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'"),
        ("SELECT 1 FROM", "line 1:14: mismatched input '<EOF>'. Expecting: <identifier>"),
        ("SELECT 1; SELECT 2", "line 1:9: mismatched input ';'. Only one statement is allowed."),
        ("SELECT 'open", "line 1:8: mismatched input ''': the string is not closed"),
        ("UNLOAD (SELECT) TO 's3://bucket/x' WITH (format = 'JSON'", "line 1:"),
        ("UNLOAD (SELECT 1 AS a) TO 'x' WITH (format = 'JSON')", "UNLOAD needs a location such as"),
        (" ", "line 1:2: mismatched input '<EOF>': the query is empty."),
    ],
)
def test_what_is_no_statement(sql: str, message: str) -> None:
    """It is refused before anything is looked up."""
    with pytest.raises(QueryError) as refused:
        statements.parse(sql)
    assert refused.value.message.startswith(message)
