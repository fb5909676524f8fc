"""Environment variables, read once and checked."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from handlers.domain.errors import ConfigurationError
from handlers.vocabulary import LAKE, TIMESTREAM

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Environment = TypeVar("_Environment", bound="DataclassInstance")


def is_lake(variables: Mapping[str, str]) -> bool:
    """True if points are in the lake; `ConfigurationError` if the store is of a kind that nobody knows."""
    kind = variables.get("STORE_KIND", TIMESTREAM)
    if kind not in {TIMESTREAM, LAKE}:
        raise ConfigurationError(f"environment: STORE_KIND is neither {TIMESTREAM} nor {LAKE}: {kind!r}")
    return kind == LAKE


def read_environment(shape: type[_Environment], variables: Mapping[str, str]) -> _Environment:
    """The dataclass, each of its fields from the variable of the same name in capitals.

    Fields are str, int, or frozenset[str], which is a list in JSON. A field with a default needs no variable.
    `ConfigurationError` names every other that is missing or empty, and every one that is not of its type.
    """
    types = get_type_hints(shape)
    values: dict[str, Any] = {}
    faults = []
    for field in fields(shape):
        name = field.name
        text = variables.get(name.upper(), "")
        if not text:
            if field.default is MISSING:
                faults.append(f"{name.upper()} is not set")
        elif types[name] is int and not (text.isascii() and text.isdigit()):
            faults.append(f"{name.upper()} is not a whole number: {text!r}")
        elif types[name] == frozenset[str] and _texts(text) is None:
            faults.append(f"{name.upper()} is not a JSON list of texts: {text!r}")
        else:
            values[name] = _typed(text, types[name])
    if faults:
        raise ConfigurationError("environment: " + "; ".join(faults))
    return shape(**values)


def _texts(text: str) -> frozenset[str] | None:
    """The texts of a list in JSON; None if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    are_texts = isinstance(found, list) and all(isinstance(item, str) for item in found)
    return frozenset(found) if are_texts else None


def _typed(text: str, kind: object) -> object:
    if kind is int:
        return int(text)
    return _texts(text) if kind == frozenset[str] else text
