"""Template parameters: defaults, given values and the constraints CloudFormation checks."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.errors import TemplateError

_LISTS = ("CommaDelimitedList", "List<")


def resolve_parameters(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str | list[str]]:
    """Each declared parameter's value, as text or as a list of texts, refusing what AWS would refuse."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"the template has no parameter {', '.join(unknown)}", at=("Parameters",))
    return {
        name: _value(name, declaration, given[name] if name in given else declaration.get("Default"))
        for name, declaration in declared.items()
    }


def _value(name: str, declaration: Mapping[str, Any], raw: object) -> str | list[str]:
    at = ("Parameters", name)
    kind = str(declaration.get("Type", ""))
    if kind.startswith("AWS::SSM::"):
        raise TemplateError(
            f"type {kind} reads the parameter store, which the local run does not have", at=at
        )
    if raw is None:
        raise TemplateError("has no value and no default", at=at)
    text = as_text(raw)
    if kind.startswith(_LISTS):
        items = [item.strip() for item in text.split(",")] if text else []
        for item in items:
            _check(at, declaration, kind, item)
        return items
    _check(at, declaration, kind, text)
    return text


def _check(at: tuple[str, ...], declaration: Mapping[str, Any], kind: str, text: str) -> None:
    allowed = declaration.get("AllowedValues")
    if allowed is not None and text not in [as_text(value) for value in allowed]:
        _refuse(at, declaration, text, f"allowed values are {', '.join(as_text(value) for value in allowed)}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        _refuse(at, declaration, text, f"it must match {pattern}")
    if "Number" in kind:
        _check_number(at, declaration, text)
    else:
        _check_length(at, declaration, text)


def _check_number(at: tuple[str, ...], declaration: Mapping[str, Any], text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        _refuse(at, declaration, text, "it must be a number")
        return
    if "MinValue" in declaration and number < float(declaration["MinValue"]):
        _refuse(at, declaration, text, f"the least value is {declaration['MinValue']}")
    if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
        _refuse(at, declaration, text, f"the greatest value is {declaration['MaxValue']}")


def _check_length(at: tuple[str, ...], declaration: Mapping[str, Any], text: str) -> None:
    if len(text) < int(declaration.get("MinLength", 0)):
        _refuse(at, declaration, text, f"at least {declaration['MinLength']} characters are needed")
    if "MaxLength" in declaration and len(text) > int(declaration["MaxLength"]):
        _refuse(at, declaration, text, f"at most {declaration['MaxLength']} characters are allowed")


def _refuse(at: tuple[str, ...], declaration: Mapping[str, Any], text: str, reason: str) -> None:
    shown = "the value" if declaration.get("NoEcho") else repr(text)
    raise TemplateError(f"{shown} is refused: {declaration.get('ConstraintDescription') or reason}", at=at)


def as_text(value: object) -> str:
    """A scalar the way CloudFormation writes it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
