"""What CloudFormation's own schemas refuse of a resource once every reference in it is resolved."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from jsonschema import Draft202012Validator, ValidationError, validators

Errors = Iterator[ValidationError]

_UNREADABLE = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
}  # classes of Java that Python spells otherwise


def refusals(region: str, kind: str, properties: Mapping[str, Any]) -> list[str]:
    """A line for each property that CloudFormation would not take; none if it takes all."""
    found = [
        f"{'.'.join(map(str, error.absolute_path)) or kind}: {error.message[:300]}"
        for error in _validator(region, kind).iter_errors(dict(properties))
    ]
    schema = _schema(region, kind)
    read_only = {
        pointer.split("/")[2] for pointer in schema.get("readOnlyProperties", ()) if pointer.count("/") == 2
    }
    return found + [f"{name}: is read-only" for name in sorted(read_only & set(properties))]


def _schema(region: str, kind: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    return schema


@cache
def _validator(region: str, kind: str) -> Any:
    return _VALIDATOR(_schema(region, kind))


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Errors:
    for java, python in _UNREADABLE.items():
        pattern = pattern.replace(java, python)
    if isinstance(value, str) and not re.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern}")


def _excluded(_: Any, others: Mapping[str, list[str]], value: Any, __: Any) -> Errors:
    if isinstance(value, dict):
        for name in others.keys() & value.keys():
            for other in set(others[name]) & value.keys():
                yield ValidationError(f"{name} and {other} exclude each other")


def _one_of_them(_: Any, names: list[str], value: Any, __: Any) -> Errors:
    if isinstance(value, dict) and len(set(names) & value.keys()) != 1:
        yield ValidationError(f"exactly one of {', '.join(names)} is needed")


def _any_of_them(_: Any, names: list[str], value: Any, __: Any) -> Errors:
    if isinstance(value, dict) and not set(names) & value.keys():
        yield ValidationError(f"one of {', '.join(names)} is needed")


def _at_least(_: Any, least: float, value: Any, __: Any) -> Errors:
    if _number(_, value) and float(value) < least:
        yield ValidationError(f"{value} is less than the minimum {least}")


def _at_most(_: Any, most: float, value: Any, __: Any) -> Errors:
    if _number(_, value) and float(value) > most:
        yield ValidationError(f"{value} is more than the maximum {most}")


def _number(_: Any, value: Any) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is not None


def _whole(_: Any, value: Any) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"-?\d+", str(value)) is not None


def _text(_: Any, value: Any) -> bool:
    return isinstance(value, str | int | float)


# CloudFormation takes numbers and truths as texts, as a parameter gives them, and the other way round.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "boolean": lambda _, value: value in (True, False, "true", "false"),
        "integer": _whole,
        "number": _number,
        "string": _text,
    }
)
_VALIDATOR = validators.extend(
    Draft202012Validator,
    {
        "pattern": _pattern,
        "minimum": _at_least,
        "maximum": _at_most,
        "dependentExcluded": _excluded,
        "requiredXor": _one_of_them,
        "requiredOr": _any_of_them,
    },
    type_checker=_TYPES,
)
