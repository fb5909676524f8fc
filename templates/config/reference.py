"""The reference of settings for people and for editors, both made of the dataclasses that check them."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from templates.config import Config
from templates.config.checks import Check, Section
from templates.config.fleet import REGION

SCHEMA = "settings.schema.json"
_IMPLIED = frozenset({"environment"})  # by the file's name
_TOP = f"""# Settings

Every file `environments/NAME.toml` is an environment; NAME has 2 to 8 lower-case letters and digits, a letter first.
What is not in the file has its default; a section whose settings all have one may be left out.
`python generate.py --environment NAME` says every mistake of a file at once, each with its line.

An editor that knows TOML by [taplo](https://taplo.tamasfe.dev) (Even Better TOML in VS Code) completes and checks the
files by `environments/{SCHEMA}`, which their first line names. It says what is wrong with a setting by itself;
`generate.py` also says which do not fit each other.

This page and the schema are written by `python generate.py --settings`.
"""
_MEANING = re.compile(r"(.*?) \(([^()]*)\)(, or leave it out)?")
_REGIONS = "one of the regions above"


def markdown() -> str:
    """The page of all settings, section by section."""
    parts = [_TOP, "## Outside of the sections\n", *_table(Config, leave_out=_IMPLIED)]
    for name, section, listed in _sections(Config):
        parts += _section(f"[[{name}]]" if listed else f"[{name}]", section)
        for inner, entry, _ in _sections(section):
            parts += _section(f"[[{name}.{inner}]]", entry)
    return "\n".join(parts) + "\n"


def schema() -> str:
    """JSON Schema of an environment file."""
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An environment",
        **_object(Config, leave_out=_IMPLIED),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _section(title: str, section: type) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield inspect.cleandoc(section.__doc__ or "") + "\n"
    yield from _table(section)


def _table(section: type, *, leave_out: frozenset[str] = frozenset()) -> Iterator[str]:
    yield "| setting | for | default | value |"
    yield "|---|---|---|---|"
    inner = {name for name, *_ in _sections(section)}
    for item in fields(section):
        if item.name not in inner | leave_out:
            about, allowed = _words(item)
            value = allowed if item.name == "regions" else allowed.replace(REGION.allowed, _REGIONS)
            yield f"| `{item.name}` | {about} | {_default(item)} | {value} |"


def _sections(section: type) -> Iterator[tuple[str, type, bool]]:
    """The fields that are sections themselves, and whether there is a list of them."""
    hints = get_type_hints(section)
    for item in fields(section):
        kind = hints[item.name]
        listed = get_origin(kind) is tuple and is_dataclass(get_args(kind)[0])
        if listed or is_dataclass(kind):
            yield item.name, get_args(kind)[0] if listed else kind, listed


def _default(item: Field[Any]) -> str:
    if item.default is MISSING and item.default_factory is MISSING:
        return "must be given"
    value = item.default if item.default is not MISSING else {}
    if value is None:
        return "left out"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def _words(item: Field[Any]) -> tuple[str, str]:
    """The purpose of a setting, and the values that it may have."""
    check: Check = item.metadata["check"]
    about = item.metadata.get("about", "")
    meant = None if about else _MEANING.fullmatch(check.allowed)
    return (meant[2], meant[1] + (meant[3] or "")) if meant else (about, check.allowed)


def _object(section: type, *, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    inner = {name: (kind, listed) for name, kind, listed in _sections(section)}
    properties: dict[str, Any] = {}
    for item in fields(section):
        if item.name in inner:
            kind, listed = inner[item.name]
            described = {"description": inspect.cleandoc(kind.__doc__ or ""), **_object(kind)}
            properties[item.name] = {"type": "array", "items": described} if listed else described
        elif item.name not in leave_out:
            properties[item.name] = {**item.metadata["check"].schema, "description": ": ".join(_words(item))}
    required = [
        item.name
        for item in fields(section)
        if item.name in properties and item.default is MISSING and item.default_factory is MISSING
    ]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
        **(section.fitting() if issubclass(section, Section) else {}),
    }
