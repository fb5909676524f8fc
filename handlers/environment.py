"""Environment variables, read once and checked."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from handlers.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Environment = TypeVar("_Environment", bound="DataclassInstance")


def read_environment(shape: type[_Environment], variables: Mapping[str, str]) -> _Environment:
    """The dataclass, each of its fields from the variable of the same name in capitals; fields are str or int.

    `ConfigurationError` names every variable that is missing, empty or not of its type.
    """
    types = get_type_hints(shape)
    values: dict[str, Any] = {}
    faults = []
    for name in (field.name for field in fields(shape)):
        text = variables.get(name.upper(), "")
        if not text:
            faults.append(f"{name.upper()} is not set")
        elif types[name] is int and not (text.isascii() and text.isdigit()):
            faults.append(f"{name.upper()} is not a whole number: {text!r}")
        else:
            values[name] = types[name](text)
    if faults:
        raise ConfigurationError("environment: " + "; ".join(faults))
    return shape(**values)
