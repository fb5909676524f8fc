"""JSON lines as the Hive JSON SerDe reads them.

Names ignore case, the last of a repeated name counts, what is missing is NULL, and a value of the wrong kind fails.
Source: Trino's reader, which Athena's engine 3 uses: lib/trino-hive-formats, JsonDeserializer.java.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
import pyarrow as pa

from emulator.athena.engine import column_types
from emulator.sql import types
from emulator.sql.timestamps import DAY, timestamp
from emulator.sql.types import Type

_Decode = Callable[[Any], Any]


class UnreadableError(ValueError):
    """A line that the SerDe cannot read, and why."""


def read(body: bytes, columns: Sequence[tuple[str, Type]]) -> pa.Table:
    """The lines' columns, by their names in lower case; UnreadableError that says what and where."""
    rows = []
    lines = body.split(b"\n")
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UnreadableError(f"line {number} is not valid JSON: {error}") from error
        if not isinstance(row, dict):
            raise UnreadableError(f"line {number} is not a valid JSON object")
        rows.append(row if "".join(row).islower() else {name.lower(): value for name, value in row.items()})
    names = [name for name, _ in columns]
    arrays = [_column(rows, name, kind) for name, kind in columns]
    schema = pa.schema(
        [pa.field(name, column_types.arrow(kind)) for name, kind in columns],
    )
    return pa.Table.from_arrays(arrays, schema=schema) if names else pa.table({})


def _column(rows: Sequence[dict[str, Any]], name: str, kind: Type) -> pa.Array:
    values, arrow = [row.get(name) for row in rows], column_types.arrow(kind)
    try:
        if _as_they_are(values, kind):
            return pa.array(values, arrow)
        decode = _decoder(kind)
        return pa.array([None if value is None else decode(value) for value in values], arrow)
    except OverflowError as error:
        raise UnreadableError(f"column {name}: Numeric value out of range of long") from error
    except (ValueError, pa.ArrowException) as error:
        raise UnreadableError(f"column {name}: {error}") from error


def _as_they_are(values: Sequence[Any], kind: Type) -> bool:
    """True if Arrow takes all values without a look at each, which is what takes most of the time."""
    found = set(map(type, values))
    if kind == _TEXTS and found <= {dict, type(None)}:
        inner = chain.from_iterable(value.values() for value in values if value)
        return set(map(type, inner)) <= _PLAIN[types.VARCHAR]
    return found <= _PLAIN.get(kind, set())


def _decoder(kind: Type) -> _Decode:
    if kind.name == "ARRAY":
        element = _decoder(kind.of[0])
        return lambda value: [_maybe(element, item) for item in _of(list, "array", value)]
    if kind.name == "MAP":
        key, element = _decoder(kind.of[0]), _decoder(kind.of[1])
        return lambda value: [(key(k), _maybe(element, v)) for k, v in _of(dict, "object", value).items()]
    return _SCALARS[kind]


def _maybe(decode: _Decode, value: Any) -> Any:
    return None if value is None else decode(value)


def _of(kind: type, name: str, value: Any) -> Any:
    if not isinstance(value, kind):
        raise UnreadableError(f"{value!r:.60} is not a JSON {name}")
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise UnreadableError("varchar value must be a scalar json value")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _whole(bits: int) -> _Decode:
    def decode(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnreadableError(f"Current token ({value!r:.60}) not numeric")
        if not -(1 << bits - 1) <= int(value) < 1 << bits - 1:
            raise UnreadableError(
                f"Numeric value ({value}) out of range of {'int' if bits == 32 else 'long'}"
            )
        return int(value)

    return decode


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableError(f"Current token ({value!r:.60}) not numeric")
    return float(value)


def _timestamp(value: Any) -> int:
    moment = timestamp(_text(value))
    if moment is None:
        raise UnreadableError(f"Text '{value!s:.60}' could not be parsed as a timestamp")
    return (moment + 500_000) // 1_000_000 * 1_000_000


_TEXTS = types.map_of(types.VARCHAR, types.VARCHAR)
_PLAIN: Mapping[Type, set[type]] = {
    types.VARCHAR: {str, type(None)},
    types.BIGINT: {int, type(None)},
    types.DOUBLE: {float, type(None)},
}
_SCALARS: dict[Type, _Decode] = {
    types.VARCHAR: _text,
    types.BIGINT: _whole(64),
    types.INTEGER: _whole(32),
    types.DOUBLE: _double,
    types.BOOLEAN: lambda value: _text(value).lower() == "true",
    types.TIMESTAMP: _timestamp,
    types.DATE: lambda value: _timestamp(value) // DAY,
}
