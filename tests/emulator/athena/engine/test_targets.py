"""The place of an UNLOAD or CREATE TABLE AS, and the form of its files."""

import pytest

from emulator.athena.engine.files import Target
from emulator.athena.engine.targets import unloaded
from emulator.sql import InvalidQueryError


@pytest.mark.parametrize(
    ("end", "target"),
    [
        ("TO 's3://bucket/a/b/' WITH (format = 'PARQUET')", Target("bucket", "a/b/", "PARQUET", "GZIP")),
        (
            "TO 's3://bucket/a' WITH (compression='none',FORMAT='json')",
            Target("bucket", "a/", "JSON", "NONE"),
        ),
        ("TO 's3://bucket/' WITH (format = 'JSON')", Target("bucket", "", "JSON", "GZIP")),
    ],
)
def test_unload(end: str, target: Target) -> None:
    """The query stands between parentheses, which it may have itself."""
    sql = f"UNLOAD (SELECT (1) AS a FROM (VALUES 1) v) {end}"
    inner, found = unloaded(sql)
    assert found == target
    assert [column.alias for column in inner.expressions] == ["a"]


@pytest.mark.parametrize(
    "sql",
    [
        "UNLOAD SELECT 1",
        "UNLOAD (SELECT 1",
        "UNLOAD (SELECT 1)",
        "UNLOAD (SELECT 1) TO bucket",
        "UNLOAD (SELECT 1) TO 's3://bucket/a'",
        "UNLOAD (SELECT 1) TO 's3://bucket/a' WITH (format = 'JSON'",
        "UNLOAD (SELECT 1) TO 's3://bucket/a' WITH (format = 'JSON') AND",
        "UNLOAD (SELECT 1) TO 's3://bucket/a' WITH (format 'JSON')",
        "UNLOAD (SELECT 1) TO 'https://bucket/a' WITH (format = 'JSON')",
        "UNLOAD (SELECT 1) TO 's3://B/a' WITH (format = 'JSON')",
    ],
)
def test_what_is_no_unload(sql: str) -> None:
    """A statement that ends early, goes on, or names no place is refused."""
    with pytest.raises(InvalidQueryError):
        unloaded(sql)
