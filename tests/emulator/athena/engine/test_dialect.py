"""Athena's SQL besides what it shares: every expected value is Trino's or Athena's documentation's."""

import pytest

from tests.support.athena_world import World


@pytest.fixture(scope="module")
def world() -> World:
    """A row with a map."""
    world = World()
    world.add_json("t", {"dims": "map<string,string>", "counts": "map<string,bigint>", "at": "timestamp"})
    world.put_lines("t/a", {"dims": {"a": "1", "B": None}, "counts": {"x": 2}, "at": "2026-11-24 05:00:00.5"})
    return world


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("dims", "{a=1, B=null}", "map"),
        ("dims['a']", "1", "varchar"),
        ("element_at(dims, 'a')", "1", "varchar"),
        ("element_at(dims, 'b')", None, "varchar"),
        ("element_at(counts, 'x') + 1", "3", "bigint"),
        ("element_at(ARRAY[1, 2], 2)", "2", "integer"),
        ("map_keys(dims)", "[a, B]", "array"),
        ("ROW(1, 'x', NULL)", "{field0=1, field1=x, field2=null}", "row"),
        ("ARRAY[CAST(ROW(1, 'x') AS ROW(a bigint, b varchar))]", "[{a=1, b=x}]", "array"),
        ("transform(map_keys(dims), k -> dims[k])", "[1, null]", "array"),
        ("json_extract('{\"a\": [1]}', '$.a')", "[1]", "json"),
        ("1 = ANY (VALUES 1, 2)", "true", "boolean"),
        ("map_values(counts)", "[2]", "array"),
        ("cardinality(dims)", "2", "bigint"),
        ("cardinality(ARRAY[1])", "1", "bigint"),
        ("at", "2026-11-24 05:00:00.500", "timestamp"),
        ("CAST(at AS varchar)", "2026-11-24 05:00:00.500", "varchar"),
        ("at + INTERVAL '1' MONTH", "2026-12-24 05:00:00.500", "timestamp"),
        ("CAST('2026-11-24 05:00:00.1239' AS timestamp)", "2026-11-24 05:00:00.124", "timestamp"),
        ("CAST(at AS date)", "2026-11-24", "date"),
        ("now()", "2026-11-25 21:10:00.000 UTC", "timestamp with time zone"),
        ("current_timestamp - INTERVAL '1' DAY", "2026-11-24 21:10:00.000 UTC", "timestamp with time zone"),
        ("date_trunc('hour', now())", "2026-11-25 21:00:00.000 UTC", "timestamp with time zone"),
        ("date_add('day', 1, now())", "2026-11-26 21:10:00.000 UTC", "timestamp with time zone"),
        ("CAST(now() AS timestamp)", "2026-11-25 21:10:00.000", "timestamp"),
        ("now() > at", "true", "boolean"),
        ("date_diff('minute', at, now())", "2409", "bigint"),
        ("from_unixtime(1795640400.5)", "2026-11-25 21:00:00.500 UTC", "timestamp with time zone"),
        ("CAST(from_unixtime(1795640400) AS timestamp(3))", "2026-11-25 21:00:00.000", "timestamp"),
        ("date_format(at, '%Y-%m-%d-%H')", "2026-11-24-05", "varchar"),
        ("date_parse('24/11/2026 05:06', '%d/%m/%Y %H:%i')", "2026-11-24 05:06:00.000", "timestamp"),
        ("date_parse('05.25', '%s.%f')", "1900-01-01 00:00:05.250", "timestamp"),
        (
            "from_iso8601_timestamp('2026-11-24T05:00:00Z')",
            "2026-11-24 05:00:00.000 UTC",
            "timestamp with time zone",
        ),
        ("date('2026-11-24')", "2026-11-24", "date"),
        ("date(now())", "2026-11-25", "date"),
        ("to_unixtime(TIMESTAMP '2022-06-17 17:44:43.771')", "1.655487883771E9", "double"),
        ("to_iso8601(from_unixtime(0))", "1970-01-01T00:00:00.000Z", "varchar"),
        ("to_iso8601(DATE '2026-11-24')", "2026-11-24", "varchar"),
        ("from_unixtime_nanos(1)", "1970-01-01 00:00:00.000000001 UTC", "timestamp with time zone"),
        ("CAST(from_unixtime_nanos(1600000) AS timestamp(3))", "1970-01-01 00:00:00.002", "timestamp"),
        (
            "date_trunc('hour', from_unixtime_nanos(1))",
            "1970-01-01 00:00:00.000000000 UTC",
            "timestamp with time zone",
        ),
        ("from_unixtime_nanos(1) < at AND now() > from_unixtime_nanos(1)", "true", "boolean"),
        ("at AT TIME ZONE 'UTC'", "2026-11-24 05:00:00.500 UTC", "timestamp with time zone"),
        (
            "now() AT TIME ZONE 'utc' - INTERVAL '1' HOUR",
            "2026-11-25 20:10:00.000 UTC",
            "timestamp with time zone",
        ),
        ("hour(now())", "21", "bigint"),
        ("json_extract_scalar('{\"a\": [1.5, \"x\"]}', '$.a[0]')", "1.5", "varchar"),
        ("json_extract_scalar('{\"a b\": true}', '$[\"a b\"]')", "true", "varchar"),
        ("json_extract_scalar('{\"a\": {}}', '$.a')", None, "varchar"),
        ("json_extract_scalar('{\"a\": null}', '$.a')", None, "varchar"),
        ("json_extract_scalar('{\"a\": 1}', '$.b')", None, "varchar"),
        ("json_extract_scalar('no JSON', '$.b')", None, "varchar"),
        ("to_base64(to_utf8('a'))", "YQ==", "varchar"),
        ("from_utf8(from_base64('YQ=='))", "a", "varchar"),
        ("from_utf8(from_hex('61'))", "a", "varchar"),
        ("INTERVAL '1' DAY", "1 00:00:00.000", "interval day to second"),
        (
            "lower(to_hex(sha256(to_utf8('abc'))))",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "varchar",
        ),
        ("to_hex(md5(to_utf8('')))", "D41D8CD98F00B204E9800998ECF8427E", "varchar"),
        ("to_utf8('é')", "c3 a9", "varbinary"),
        ("from_utf8(to_utf8('é'))", "é", "varchar"),
        ("starts_with('abc', 'ab')", "true", "boolean"),
        ("1.5", "1.5", "double"),
        ("0.1 + 0.2", "0.30000000000000004", "double"),
        ("1.0 / 3", "0.3333333333333333", "double"),
        ("NULL", None, "unknown"),
    ],
)
def test_expression(world: World, expression: str, value: str | None, kind: str) -> None:
    """An expression has this text and this type."""
    outcome = world.run(f"SELECT {expression} FROM t")
    assert ([c.type for c in outcome.columns], [*outcome.rows]) == ([kind], [[value]])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("dims['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: b"),
        ("dims[1]", "TYPE_MISMATCH: line 1:"),
        ("at > '2026-01-01'", "TYPE_MISMATCH: line 1:11: Cannot apply operator: timestamp > varchar"),
        ("md5('a')", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar) for function md5"),
        (
            "map_keys(at)",
            "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (timestamp) for function map_keys",
        ),
        ("TIMESTAMP '2026-01-01 00:00:00.123456'", "NOT_SUPPORTED: line 1:"),
        ("CAST(to_utf8('a') AS varchar)", "TYPE_MISMATCH: line 1:8: Cannot cast varbinary to varchar"),
        ("date_parse('x', '%Y')", "INVALID_FUNCTION_ARGUMENT: "),
        (
            "at AT TIME ZONE 'Europe/Berlin'",
            "NOT_SUPPORTED: line 1:11: this emulator does not have AT TIME ZONE",
        ),
        ("1 AT TIME ZONE 'UTC'", "SYNTAX_ERROR: "),
        (
            "json_extract_scalar('{}', '$..a')",
            "NOT_SUPPORTED: line 1:8: this emulator does not have json_extract_scalar with",
        ),
        ("bin(at, 1h)", "line 1:"),
        ("ago(INTERVAL '1' DAY)", "FUNCTION_NOT_FOUND: line 1:8: Function 'ago' not registered"),
    ],
)
def test_refused_expression(world: World, expression: str, message: str) -> None:
    """An expression fails with these words."""
    assert world.failure(f"SELECT {expression} FROM t").startswith(message)


def test_maps_are_unnested(world: World) -> None:
    """UNNEST makes a row of each key and its value, and needs a name for both or for none."""
    found = world.rows("SELECT k, v FROM t CROSS JOIN UNNEST(dims) AS u(k, v) ORDER BY k")
    assert found == [["B", None], ["a", "1"]]
    assert world.rows("SELECT count(*) FROM t CROSS JOIN UNNEST(counts)") == [["1"]]
    assert "has 1 entries, not 2" in world.failure("SELECT 1 FROM t CROSS JOIN UNNEST(dims) AS u(k)")
