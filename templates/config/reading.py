"""Reads a TOML table into checked dataclasses, and finds every mistake in it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from templates.config.checks import BadValue, Check, UnknownSetting

T = TypeVar("T")


def read(section: type[T], table: object) -> T:
    """Build `section` from a parsed table.

    BadValue names the first setting at fault by its dotted path, and has all of them `together`. Settings that must fit
    each other are looked at where each of them alone is right.
    """
    faults: list[BadValue] = []
    made = _read(section, table, "", faults)
    if made is None or faults:
        faults[0].together = faults
        raise faults[0]
    return made


def _read(section: type[T], table: object, path: str, faults: list[BadValue]) -> T | None:
    if not isinstance(table, Mapping):
        faults.append(BadValue(path, table, "a table"))
        return None
    before = len(faults)
    known = {item.name: item for item in fields(section)}  # type: ignore[arg-type]
    faults += [
        UnknownSetting(_join(path, name), value, _which(name, list(known)))
        for name, value in table.items()
        if name not in known
    ]
    hints = get_type_hints(section)
    values: dict[str, Any] = {}
    for name, item in known.items():
        check: Check | None = item.metadata.get("check")
        if name in table:
            values[name] = _value(hints[name], table[name], _join(path, name), faults)
            if check:
                faults += check.faults(_join(path, name), values[name])
        elif item.default is MISSING and item.default_factory is MISSING:
            allowed = check.allowed if check else "a table with its settings"
            faults.append(BadValue(_join(path, name), MISSING, allowed))
    if len(faults) > before:
        return None
    try:
        return section(**values)
    except BadValue as error:
        faults += [one.below(path) for one in error.together]
        return None


def _value(kind: Any, value: Any, path: str, faults: list[BadValue]) -> Any:
    """The value as its field has it; what is at fault in a section's tables goes to `faults`."""
    if is_dataclass(kind):
        return _read(kind, value, path, faults)  # type: ignore[arg-type]
    if get_origin(kind) is tuple and is_dataclass(get_args(kind)[0]):
        if not isinstance(value, Sequence) or isinstance(value, str):
            faults.append(BadValue(path, value, "a list of tables"))
            return ()
        return tuple(
            _read(get_args(kind)[0], entry, f"{path}[{position}]", faults)
            for position, entry in enumerate(value)
        )
    if isinstance(value, dict):
        return {name: _frozen(entry) for name, entry in value.items()}
    return _frozen(value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _which(name: str, known: list[str]) -> str:
    """The settings that there are, one that is alike first."""
    alike = get_close_matches(name, known, 1)
    return (f"did you mean {alike[0]}? " if alike else "") + f"there are {', '.join(known)}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
