"""JSON lines are read as Trino's reader of the Hive JSON SerDe reads them."""

from datetime import date, datetime
from typing import Any

import pytest

from emulator.athena.engine import column_types, json_lines


def read(kind: str, *lines: str) -> list[Any]:
    """The values of column `x` of a Hive type."""
    body = "".join(f"{line}\n" for line in lines).encode()
    table = json_lines.read(body, [("x", column_types.of_hive(kind))])
    return list(table.column("x").to_pylist(maps_as_pydicts="strict"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", '"é\\u0041"', "éA"),
        ("string", "12", "12"),
        ("string", "true", "true"),
        ("bigint", "9223372036854775807", 9223372036854775807),
        ("bigint", "1.9", 1),
        ("int", "-5", -5),
        ("double", "1", 1.0),
        ("boolean", '"TRUE"', True),
        ("boolean", "1", False),
        ("date", '"2026-11-24"', date(2026, 11, 24)),
        ("timestamp", '"2026-11-24 05:00:00.1236"', datetime.fromisoformat("2026-11-24T05:00:00.124")),
        ("array<bigint>", "[1, null]", [1, None]),
        ("map<string,string>", '{"A": "x", "b": null, "c": 1}', {"A": "x", "b": None, "c": "1"}),
        ("map<string,array<double>>", '{"a": [1]}', {"a": [1.0]}),
        ("string", "null", None),
    ],
)
def test_values(kind: str, text: str, value: object) -> None:
    """A value of each type."""
    assert read(kind, f'{{"x": {text}}}') == [value]


def test_names() -> None:
    """Names ignore case, the last of one name counts, others are ignored, and what is missing is NULL."""
    assert read("bigint", '{"X": 1}', '{"x": 1, "x": 2}', '{"y": 1}', "{}") == [1, 2, None, None]


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("bigint", '{"x": "1"}', "column x: Current token"),
        ("bigint", '{"x": 9223372036854775808}', "column x: Numeric value"),
        ("int", '{"x": 2147483648}', "column x: Numeric value"),
        ("int", '{"x": true}', "column x: Current token"),
        ("double", '{"x": "1"}', "column x: Current token"),
        ("string", '{"x": {}}', "column x: varchar value must be a scalar"),
        ("timestamp", '{"x": "noon"}', "column x: Text 'noon'"),
        ("array<bigint>", '{"x": {}}', "column x: {} is not a JSON array"),
        ("map<string,string>", '{"x": []}', "column x: [] is not a JSON object"),
        ("string", "[]", "line 1 is not a valid JSON object"),
        ("string", '{"x": ', "line 1 is not valid JSON"),
        ("string", "", "line 1 is not valid JSON"),
    ],
)
def test_what_cannot_be_read(kind: str, line: str, message: str) -> None:
    """A line that is no object and a value of the wrong kind fail, and say where."""
    with pytest.raises(json_lines.UnreadableError) as failed:
        read(kind, line)
    assert str(failed.value).startswith(message)


def test_the_end_of_the_last_line() -> None:
    """The last line may end without a newline, and no lines are no rows."""
    assert json_lines.read(b'{"x": 1}', [("x", column_types.of_hive("int"))]).num_rows == 1
    assert read("bigint") == []
