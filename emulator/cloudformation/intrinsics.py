"""CloudFormation's intrinsic functions, evaluated where they stand.

Nothing is passed over: a function that is not in the table here, a reference that leads nowhere, or an argument of
the wrong shape is a TemplateError naming the place.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.cloudformation.parameters import as_text
from emulator.errors import TemplateError

Path = tuple[str, ...]


class NoValue:
    """The value of `Ref: AWS::NoValue`: the property, or the item of a list, is left out."""


NO_VALUE = NoValue()

CONDITION_FUNCTIONS = frozenset({"Fn::Equals", "Fn::Not", "Condition"})
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class References(Protocol):
    """Answers Ref and GetAtt."""

    def ref(self, name: str, at: Path) -> Any:
        """The value of Ref for a parameter, pseudo parameter or resource."""

    def get_att(self, logical_id: str, attribute: str, at: Path) -> Any:
        """An attribute of a resource."""


@dataclass(frozen=True)
class Scope:
    """The names and conditions that a template's functions may look at."""

    references: References
    conditions: Callable[[str, Path], bool]
    region: str
    mappings: Mapping[str, Any]

    def evaluate(self, value: Any, at: Path = ()) -> Any:
        """The value with every function in it replaced by its result."""
        if isinstance(value, Mapping):
            name = function_name(value)
            if name is None:
                return self._object(value, at)
            function = _FUNCTIONS.get(name)
            if function is None:
                raise TemplateError(f"the local run does not know the function {name}", at=at)
            return function(self, value[name], (*at, name))
        if isinstance(value, list):
            items = [self.evaluate(item, (*at, str(index))) for index, item in enumerate(value)]
            return [item for item in items if item is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            raise TemplateError("dynamic references ({{resolve:…}}) are not resolved locally", at=at)
        return value

    def condition(self, value: Any, at: Path) -> bool:
        """The truth of a condition expression."""
        if isinstance(value, Mapping) and function_name(value) in CONDITION_FUNCTIONS:
            return bool(self.evaluate(value, at))
        raise TemplateError(f"a condition here is Fn::Not, Fn::Equals or Condition, not {value!r}", at=at)

    def _object(self, value: Mapping[str, Any], at: Path) -> dict[str, Any]:
        members = {key: self.evaluate(member, (*at, key)) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not NO_VALUE}


def function_name(value: Mapping[str, Any]) -> str | None:
    """The function an object stands for, or None for an ordinary object."""
    if len(value) != 1:
        return None
    (key,) = value
    if key.startswith("Fn::") or key == "Ref":
        return key
    # A policy statement has a member of this name too; there its value is an object.
    return key if key == "Condition" and isinstance(value[key], str) else None


def attribute_of(argument: Any, at: Path) -> tuple[str, Any]:
    """The logical id and the attribute (which may be a Ref) a GetAtt names."""
    if isinstance(argument, str) and "." in argument:
        logical_id, attribute = argument.split(".", 1)
        return logical_id, attribute
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str):
        return argument[0], argument[1]
    raise TemplateError("takes a logical id and an attribute", at=at)


def variables_of(text: str) -> list[str]:
    """The names between `${` and `}` that Sub replaces."""
    return [name.strip() for name in _VARIABLE.findall(text) if not name.startswith("!")]


def sub_parts(argument: Any, at: Path) -> tuple[str, Mapping[str, Any]]:
    """The text of a Sub and its own variables."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], Mapping)
    ):
        return argument[0], argument[1]
    raise TemplateError("takes a text, or a text and an object of variables", at=at)


def _ref(scope: Scope, argument: Any, at: Path) -> Any:
    if not isinstance(argument, str):
        raise TemplateError("takes a name", at=at)
    return NO_VALUE if argument == "AWS::NoValue" else scope.references.ref(argument, at)


def _get_att(scope: Scope, argument: Any, at: Path) -> Any:
    logical_id, attribute = attribute_of(argument, at)
    return scope.references.get_att(logical_id, _text(scope.evaluate(attribute, at), at), at)


def _sub(scope: Scope, argument: Any, at: Path) -> str:
    text, own = sub_parts(argument, at)

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        name = name.strip()
        if name in own:
            return _text(scope.evaluate(own[name], (*at, name)), (*at, name))
        if "." in name:
            return _text(_get_att(scope, name, at), at)
        return _text(_ref(scope, name, at), at)

    return _VARIABLE.sub(replace, text)


def _join(scope: Scope, argument: Any, at: Path) -> str:
    delimiter, items = _arguments(argument, 2, at)
    return _text(delimiter, at).join(_text(item, at) for item in _list(scope.evaluate(items, at), at))


def _select(scope: Scope, argument: Any, at: Path) -> Any:
    position, items = _arguments(argument, 2, at)
    values = _list(scope.evaluate(items, at), at)
    index = _text(scope.evaluate(position, at), at)
    if not index.isdigit() or int(index) >= len(values):
        raise TemplateError(f"there is no item {index} in a list of {len(values)}", at=at)
    return values[int(index)]


def _find_in_map(scope: Scope, argument: Any, at: Path) -> Any:
    value: Any = scope.mappings
    for part in _arguments(argument, 3, at):
        key = _text(scope.evaluate(part, at), at)
        if not isinstance(value, Mapping) or key not in value:
            raise TemplateError(f"there is no {key} in the mapping", at=at)
        value = value[key]
    return value


def _if(scope: Scope, argument: Any, at: Path) -> Any:
    name, then, otherwise = _arguments(argument, 3, at)
    return scope.evaluate(then if scope.conditions(_text(name, at), at) else otherwise, at)


def _get_azs(scope: Scope, argument: Any, at: Path) -> list[str]:
    region = _text(scope.evaluate(argument, at), at) or scope.region
    return [f"{region}{zone}" for zone in "abc"]


def _cidr(scope: Scope, argument: Any, at: Path) -> list[str]:
    if not isinstance(argument, list) or len(argument) not in {2, 3}:
        raise TemplateError("takes a block, a count and optionally the subnet bits", at=at)
    block, count, *bits = (_text(scope.evaluate(part, at), at) for part in argument)
    try:
        network = ipaddress.ip_network(block)
        prefix = network.max_prefixlen - int(bits[0] if bits else 8)
        subnets = [
            str(subnet)
            for subnet, _ in zip(network.subnets(new_prefix=prefix), range(int(count)), strict=False)
        ]
    except ValueError as error:
        raise TemplateError(str(error), at=at) from error
    if len(subnets) < int(count):
        raise TemplateError(f"{block} has no {count} blocks of /{prefix}", at=at)
    return subnets


def _equals(scope: Scope, argument: Any, at: Path) -> bool:
    left, right = (scope.evaluate(part, at) for part in _arguments(argument, 2, at))
    return _text(left, at) == _text(right, at)


def _not(scope: Scope, argument: Any, at: Path) -> bool:
    return not scope.condition(_arguments(argument, 1, at)[0], at)


def _condition(scope: Scope, argument: Any, at: Path) -> bool:
    return scope.conditions(_text(argument, at), at)


def _arguments(argument: Any, count: int, at: Path) -> Sequence[Any]:
    if not isinstance(argument, list) or len(argument) != count:
        raise TemplateError(f"takes a list of {count}", at=at)
    return argument


def _list(value: Any, at: Path) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"needs a list, not {type(value).__name__}", at=at)
    return value


def _text(value: Any, at: Path) -> str:
    if isinstance(value, str | int | float):
        return as_text(value)
    raise TemplateError(f"needs text, not {type(value).__name__}", at=at)


_FUNCTIONS: Mapping[str, Callable[[Scope, Any, Path], Any]] = {
    "Condition": _condition,
    "Fn::Cidr": _cidr,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Not": _not,
    "Fn::Select": _select,
    "Fn::Sub": _sub,
    "Ref": _ref,
}
