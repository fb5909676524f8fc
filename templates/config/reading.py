"""From a TOML table to dataclasses: unknown keys, missing ones and wrong shapes are named."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from templates.config.checks import BadValue

T = TypeVar("T")


def read(section: type[T], table: object, path: str = "") -> T:
    """Build `section` from a parsed TOML table; BadValue names the field by its dotted path."""
    if not isinstance(table, Mapping):
        raise BadValue(path, table, "a table")
    known = {item.name: item for item in fields(section)}  # type: ignore[arg-type]
    for name, value in table.items():
        if name not in known:
            raise BadValue(_join(path, name), value, f"no such setting; one of {', '.join(known)}")
    hints = get_type_hints(section)
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name in table:
            values[name] = _value(hints[name], table[name], _join(path, name))
        elif item.default is MISSING and item.default_factory is MISSING:
            check = item.metadata.get("check")
            raise BadValue(_join(path, name), None, check.allowed if check else "a table with its settings")
    try:
        return section(**values)
    except BadValue as error:
        raise BadValue(_join(path, error.name), error.value, error.allowed) from None


def _value(kind: Any, value: Any, path: str) -> Any:
    if is_dataclass(kind):
        return read(kind, value, path)  # type: ignore[arg-type]
    if get_origin(kind) is tuple and is_dataclass(get_args(kind)[0]):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise BadValue(path, value, "a list of tables")
        return tuple(
            read(get_args(kind)[0], entry, f"{path}[{position}]") for position, entry in enumerate(value)
        )
    if isinstance(value, dict):
        return {name: _value(object, entry, path) for name, entry in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
