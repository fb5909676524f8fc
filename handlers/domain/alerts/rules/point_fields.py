"""Readers of the fields that say which points a rule is about, what it is called and what its messages say."""

import re
from collections.abc import Mapping
from functools import partial

from handlers.domain.alerts.rules.fields import Fields, RuleError, shown
from handlers.domain.alerts.rules.text_template import FIELDS, unknown_field
from handlers.domain.dimensions import NAME_CHARACTERS, is_printable

MOST_BY = 5
MOST_MATCHES = 120
MOST_VALUES = 50
VALUE_BYTES = 2_048
ANNOTATION_CHARACTERS = 1_000

# An annotation may have lines.
_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"), " ")
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}", re.ASCII)


def read_rule_id(field: str, value: object) -> str:
    """The name of a rule."""
    if not isinstance(value, str) or _RULE_ID.fullmatch(value) is None:
        raise RuleError(
            field, f"{shown(value)}: 1 to 80 lower-case letters, digits, . _ -, with a letter or digit first"
        )
    return value


def read_text(field: str, value: object, most_bytes: int) -> str:
    """Text of one line that is not empty."""
    if not isinstance(value, str) or not value or not is_printable(value) or len(value.encode()) > most_bytes:
        raise RuleError(field, f"{shown(value)}: text of 1 to {most_bytes} bytes without control characters")
    return value


def read_by(field: str, value: object) -> tuple[str, ...]:
    """The dimensions whose values make the groups."""
    if not isinstance(value, list | tuple) or len(value) > MOST_BY or len(set(map(str, value))) != len(value):
        raise RuleError(field, f"{shown(value)}: a list of up to {MOST_BY} different dimension names")
    return tuple(read_text(field, name, NAME_CHARACTERS) for name in value)


def read_match(field: str, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The dimensions that a point must have, each with its values, in the order of their names."""
    if not isinstance(value, Mapping) or len(value) > MOST_MATCHES:
        raise RuleError(
            field, f"{shown(value)}: a mapping from dimension names to a value or a list of values"
        )
    fields = Fields(value, f"{field}.")
    found = [fields.read(name, partial(_read_dimension, name=name)) for name in value]
    fields.finish()
    return tuple(sorted(found))


def _read_dimension(field: str, values: object, name: object) -> tuple[str, tuple[str, ...]]:
    return read_text("match", name, NAME_CHARACTERS), _read_values(field, values)


def _read_values(field: str, values: object) -> tuple[str, ...]:
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list | tuple | set | frozenset) or not 1 <= len(listed) <= MOST_VALUES:
        raise RuleError(field, f"{shown(values)}: a string, or a list of 1 to {MOST_VALUES} strings")
    return tuple(sorted({read_text(field, item, VALUE_BYTES) for item in listed}))


def read_template(field: str, value: object, by: tuple[str, ...] | None) -> str:
    """Text with fields in braces; those of groups are known if `by` is."""
    if not isinstance(value, str) or len(value) > ANNOTATION_CHARACTERS:
        raise RuleError(field, f"{shown(value)}: text of up to {ANNOTATION_CHARACTERS} characters")
    if not is_printable(value.translate(_LAYOUT)):
        raise RuleError(field, f"{shown(value)}: text without control characters but tabs and line breaks")
    unknown = None if by is None else unknown_field(value, by)
    if unknown is not None:
        allowed = [*sorted(FIELDS - {"group"}), "group", *(f"group.{name}" for name in by or ())]
        raise RuleError(
            field, f"{shown(unknown)} is not a field; there are {', '.join(allowed)} ({{{{ is a brace)"
        )
    return value


def read_runbook(field: str, value: object, by: tuple[str, ...] | None) -> str:
    """A link, in which fields may stand."""
    link = read_template(field, value, by)
    if link and (not link.startswith("https://") or not is_printable(link) or " " in link):
        raise RuleError(field, f"{shown(link)}: a link that starts with https://, without spaces")
    return link
