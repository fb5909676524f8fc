"""Settings: a check is a test of the value, the words for what passes, and the same as JSON Schema for editors."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

Entries = Callable[[Any], Iterator[tuple[str, Any, str]]]


@dataclass(frozen=True)
class Check:
    """Accepts a value or not; `allowed` completes the sentence "expected …".

    `entries` gives, of a list or table that is not accepted, each entry at fault: its place such as `[1]` or `.name`,
    its value, and what is allowed there. `schema` is JSON Schema that accepts whatever the check does.
    """

    accepts: Callable[[Any], bool]
    allowed: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    entries: Entries | None = None

    def faults(self, name: str, value: Any) -> Iterator["BadValue"]:
        """The entries at fault, or the value as a whole."""
        if self.accepts(value):
            return
        found = [BadValue(name + place, *fault) for place, *fault in (self.entries or _no_entries)(value)]
        yield from found or [BadValue(name, value, self.allowed)]


class BadValue(ValueError):  # noqa: N818 - it names the value at fault; ConfigError is what callers meet
    """One setting is wrong: which, its value, and what would be right; `together` are all that were found with it."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        said = f"{name} is missing" if value is MISSING or value is None else f"{name} = {shown(value)}"
        super().__init__(f"{said}: expected {allowed}")
        self.name, self.value, self.allowed = name, value, allowed
        self.together: list[BadValue] = [self]

    def below(self, path: str) -> "BadValue":
        """The same fault of a setting that stands in a table at `path`."""
        return type(self)(f"{path}.{self.name}" if path else self.name, self.value, self.allowed)


class UnknownSetting(BadValue):
    """A name that is no setting; `allowed` says which there are."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(name, value, allowed)
        self.args = (f"{name} is no setting: {allowed}",)


def setting(check: Check, default: Any = MISSING, *, about: str = "") -> Any:
    """Declare a dataclass field whose value must pass `check`; without a default it must be given.

    `about` says what it is for, where the check's own words do not.
    """
    return field(default=default, metadata={"check": check, "about": about})


class Section:
    """Checks its settings as it is made: each by its own check, then by `_faults` those that must fit."""

    def __post_init__(self) -> None:
        found: list[BadValue] = []
        for item in fields(self):  # type: ignore[arg-type]
            check: Check | None = item.metadata.get("check")
            if check:
                found += check.faults(item.name, getattr(self, item.name))
        found = found or list(self._faults())
        if found:
            found[0].together = found
            raise found[0]

    @classmethod
    def fitting(cls) -> Mapping[str, Any]:
        """JSON Schema of settings that must fit the others, as far as an editor can tell."""
        return {}

    def _faults(self) -> Iterator[BadValue]:
        """The settings that do not fit the others; the sections with such settings say how."""
        yield from ()


def whole(least: int, most: int, meaning: str) -> Check:
    """A whole number from `least` to `most`."""
    return Check(
        lambda value: type(value) is int and least <= value <= most,
        f"a whole number from {least} to {most} ({meaning})",
        {"type": "integer", "minimum": least, "maximum": most},
    )


def flag() -> Check:
    """True or false."""
    return Check(lambda value: type(value) is bool, "true or false", {"type": "boolean"})


def one_of(values: Collection[Any], meaning: str = "") -> Check:
    """One of the listed values."""
    listed = ", ".join(str(value) for value in values)
    return Check(
        # By type too: in Python, True == 1.
        lambda value: any(type(value) is type(one) and value == one for one in values),
        f"one of {listed}" + (f" ({meaning})" if meaning else ""),
        {"enum": list(values)},
    )


def text(pattern: str, allowed: str) -> Check:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)
    return Check(
        lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None,
        allowed,
        {"type": "string", "pattern": f"^(?:{pattern})$"},
    )


def list_of(check: Check, *, least: int = 0, most: int = 100) -> Check:
    """A list without repetition, each entry passing `check`."""

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, tuple)
            and least <= len(value) <= most
            and all(check.accepts(entry) for entry in value)
            and len(set(value)) == len(value)
        )

    def entries(value: Any) -> Iterator[tuple[str, Any, str]]:
        for number, entry in enumerate(value if isinstance(value, tuple) else ()):
            if not check.accepts(entry):
                yield f"[{number}]", entry, check.allowed

    return Check(
        accepts,
        f"a list of {least if least == most else f'{least} to {most}'} different entries, each {check.allowed}",
        {
            "type": "array",
            "items": dict(check.schema),
            "minItems": least,
            "maxItems": most,
            "uniqueItems": True,
        },
        entries,
    )


def table_of(key: Check, value: Check, *, most: int) -> Check:
    """A table whose every key and value pass their checks."""

    def accepts(table: Any) -> bool:
        return (
            isinstance(table, Mapping)
            and len(table) <= most
            and all(key.accepts(name) and value.accepts(entry) for name, entry in table.items())
        )

    def entries(table: Any) -> Iterator[tuple[str, Any, str]]:
        for name, entry in table.items() if isinstance(table, Mapping) else ():
            if not key.accepts(name):
                yield f".{name}", entry, f"a key that is {key.allowed}"
            elif not value.accepts(entry):
                yield f".{name}", entry, value.allowed

    return Check(
        accepts,
        f"a table of at most {most} entries: each key {key.allowed}, each value {value.allowed}",
        {
            "type": "object",
            "propertyNames": dict(key.schema),
            "additionalProperties": dict(value.schema),
            "maxProperties": most,
        },
        entries,
    )


def optional(check: Check) -> Check:
    """Absent (None), or what `check` accepts."""
    return Check(
        lambda value: value is None or check.accepts(value),
        f"{check.allowed}, or leave it out",
        check.schema,
        check.entries,
    )


def shown(value: object) -> str:
    """The value as one short line, however long or odd it is."""
    line = repr(list(value) if isinstance(value, tuple) else value)
    return line if len(line) <= 80 else f"{line[:77]}..."


def _no_entries(_: object) -> Iterator[tuple[str, Any, str]]:
    yield from ()
