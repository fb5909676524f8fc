"""Values as text: what stands in a ScalarValue, and the JSON of a row, both made inside DuckDB."""

from collections.abc import Sequence

from emulator.sql.double_text import double_text, unfinished_text
from emulator.sql.types import (
    DAY_TO_SECOND,
    DOUBLE,
    JSON,
    NANOSECONDS_TZ,
    TIME,
    TIMESTAMP,
    TIMESTAMP_TZ,
    VARCHAR,
    YEAR_TO_MONTH,
    Type,
)

_NULL = """'{"NullValue":true}'"""


def as_text(sql: str, kind: Type, timestamp_digits: int = 9) -> str:
    """The SQL of a scalar's text, as AWS spells it; of timestamps to 9 or 3 digits."""
    if kind is DOUBLE:
        return double_text(sql)
    if kind in (TIMESTAMP, TIMESTAMP_TZ, NANOSECONDS_TZ):
        fraction = "%n" if timestamp_digits == 9 or kind is NANOSECONDS_TZ else "%g"
        zone = "" if kind is TIMESTAMP else " || ' UTC'"
        return f"(strftime(make_timestamp_ns({sql}), '%Y-%m-%d %H:%M:%S.{fraction}'){zone})"
    text = _TEXT.get(kind, "CAST({0} AS VARCHAR)")
    if timestamp_digits == 3:
        text = text.replace(_NANOSECONDS, _MILLISECONDS)
    return text.format(sql)


def row_json(columns: Sequence[tuple[str, Type]]) -> str:
    """The SQL of a row's JSON, `{"Data":[…]}`, from its columns; `double_text.finished` completes it."""
    # concat instead of || is faster, and takes more columns than DuckDB allows operators in a chain.
    data = ", ',', ".join(datum(sql, kind) for sql, kind in columns)
    return f"""concat('{{"Data":[', {data}, ']}}')"""


def datum(sql: str, kind: Type, depth: int = 0) -> str:
    """The SQL of one Datum's JSON."""
    return f"CASE WHEN {sql} IS NULL THEN {_NULL} ELSE {_present(sql, kind, depth)} END"


def _present(sql: str, kind: Type, depth: int) -> str:
    variable = f"v{depth}"
    if kind.name == "ARRAY":
        items = f"list_transform({sql}, lambda {variable}: {datum(variable, kind.of[0], depth + 1)})"
        return f"""'{{"ArrayValue":[' || array_to_string({items}, ',') || ']}}'"""
    if kind.name == "TIMESERIES":
        time, value = f"struct_extract({variable}, 'f0')", f"struct_extract({variable}, 'f1')"
        shown = f"""{as_text(time, TIMESTAMP)}, '","Value":', {datum(value, kind.of[0], depth + 1)}"""
        items = f"""list_transform({sql}, lambda {variable}: concat('{{"Time":"', {shown}, '}}'))"""
        return f"""'{{"TimeSeriesValue":[' || array_to_string({items}, ',') || ']}}'"""
    if kind.name == "ROW":
        parts = (datum(f"struct_extract({sql}, 'f{i}')", of, depth) for i, of in enumerate(kind.of))
        data = ", ',', ".join(parts)
        return f"""concat('{{"RowValue":{{"Data":[', {data}, ']}}}}')"""
    if kind is DOUBLE:
        return f"""'{{"ScalarValue":"' || {unfinished_text(sql)} || '"}}'"""
    if kind in (VARCHAR, JSON):
        return f"""'{{"ScalarValue":' || CAST(to_json({sql}) AS VARCHAR) || '}}'"""
    return f"""'{{"ScalarValue":"' || {as_text(sql, kind)} || '"}}'"""


_NANOSECONDS = "% 1000000000 AS VARCHAR), 9, '0')"
_MILLISECONDS = "// 1000000 % 1000 AS VARCHAR), 3, '0')"
_CLOCK = (
    "lpad(CAST({0} // 3600000000000 % 24 AS VARCHAR), 2, '0') || ':'"
    " || lpad(CAST({0} // 60000000000 % 60 AS VARCHAR), 2, '0') || ':'"
    " || lpad(CAST({0} // 1000000000 % 60 AS VARCHAR), 2, '0') || '.'"
    " || lpad(CAST({0} % 1000000000 AS VARCHAR), 9, '0')"
)
_TEXT = {
    VARCHAR: "{0}",
    JSON: "{0}",
    TIME: f"({_CLOCK})",
    DAY_TO_SECOND: (
        "(CASE WHEN {0} < 0 THEN '-' ELSE '' END || CAST(abs({0}) // 86400000000000 AS VARCHAR) || ' ' || "
        + _CLOCK.replace("{0}", "abs({0})")
        + ")"
    ),
    YEAR_TO_MONTH: (
        "(CASE WHEN {0} < 0 THEN '-' ELSE '' END || CAST(abs({0}) // 12 AS VARCHAR) || '-'"
        " || CAST(abs({0}) % 12 AS VARCHAR))"
    ),
}
