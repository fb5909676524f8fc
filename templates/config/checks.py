"""Settings: from a TOML table to checked dataclasses; a check is a test of the value, and the words for what passes."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """Accepts a value or not; `allowed` completes the sentence "expected …"."""

    accepts: Callable[[Any], bool]
    allowed: str


class BadValue(ValueError):  # noqa: N818 - it names the value at fault; ConfigError is what callers meet
    """One setting is wrong: which, its value, and what would be right."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name} = {shown(value)}: expected {allowed}")
        self.name, self.value, self.allowed = name, value, allowed


def setting(check: Check, default: Any = MISSING) -> Any:
    """Declare a dataclass field whose value must pass `check`; without a default it must be given."""
    return field(default=default, metadata={"check": check})


class Section:
    """Checks its settings as it is made: each by its own check, then by `_check_together` those that must fit."""

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            check: Check | None = item.metadata.get("check")
            value = getattr(self, item.name)
            if check and not check.accepts(value):
                raise BadValue(item.name, value, check.allowed)
        self._check_together()

    def _check_together(self) -> None:
        """Raise BadValue for a setting that does not fit the others; the sections with such settings say how."""


def whole(least: int, most: int, meaning: str) -> Check:
    """A whole number from `least` to `most`."""
    return Check(
        lambda value: type(value) is int and least <= value <= most,
        f"a whole number from {least} to {most} ({meaning})",
    )


def flag() -> Check:
    """True or false."""
    return Check(lambda value: type(value) is bool, "true or false")


def one_of(values: Collection[Any], meaning: str = "") -> Check:
    """One of the listed values."""
    listed = ", ".join(str(value) for value in values)
    return Check(
        # By type too: in Python, True == 1.
        lambda value: any(type(value) is type(one) and value == one for one in values),
        f"one of {listed}" + (f" ({meaning})" if meaning else ""),
    )


def text(pattern: str, allowed: str) -> Check:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)
    return Check(lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None, allowed)


def list_of(check: Check, *, least: int = 0, most: int = 100) -> Check:
    """A list without repetition, each entry passing `check`."""

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, tuple)
            and least <= len(value) <= most
            and all(check.accepts(entry) for entry in value)
            and len(set(value)) == len(value)
        )

    return Check(accepts, f"a list of {least} to {most} different entries, each {check.allowed}")


def table_of(key: Check, value: Check, *, most: int) -> Check:
    """A table whose every key and value pass their checks."""

    def accepts(table: Any) -> bool:
        return (
            isinstance(table, Mapping)
            and len(table) <= most
            and all(key.accepts(name) and value.accepts(entry) for name, entry in table.items())
        )

    return Check(
        accepts, f"a table of at most {most} entries: each key {key.allowed}, each value {value.allowed}"
    )


def optional(check: Check) -> Check:
    """Absent (None), or what `check` accepts."""
    return Check(lambda value: value is None or check.accepts(value), f"{check.allowed}, or leave it out")


def shown(value: object) -> str:
    """The value as one short line, however long or odd it is."""
    line = repr(list(value) if isinstance(value, tuple) else value)
    return line if len(line) <= 80 else f"{line[:77]}..."


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
