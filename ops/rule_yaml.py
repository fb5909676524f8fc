"""Rules of a YAML file as people mean them: text is text as it is written, and a number is a plain decimal number.

YAML 1.1 itself takes `no` for a boolean, 1:30 for ninety, 0x10 for sixteen and 1_000 for a thousand, each in silence.
Here the field says how its value is read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from handlers.domain.alerts.rules.fields import LARGEST, SIZES, RuleError, shown
from handlers.domain.alerts.rules.ratio_fields import RATIO_FIELDS
from handlers.domain.alerts.rules.rule import number_text

_TAG = "tag:yaml.org,2002:"
_OWN_TAGS = frozenset({f"{_TAG}str", f"{_TAG}seq", f"{_TAG}map"})
_NO_VALUE = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][-+]?[0-9]{1,4})?", re.ASCII)
# Their texts often begin with a field in braces, which YAML takes for a mapping.
_BRACES = ("annotation", "runbook")
# A list in a mapping in a rule is the deepest that a field takes, but for a ratio, whose sides are mappings themselves;
# and no rule needs so many values.
_DEEPEST = 3
_MOST_VALUES = 10_000
_LONGEST_NUMBER = 400
# The field of a mistake that leaves nothing of a rule.
_WHOLE = "rule"


@dataclass
class RuleNode:
    """A rule's fields as plain values, None where one could not be read; where each stands, and what is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    mistakes: list[tuple[int, RuleError]] = field(default_factory=list)
    _unread: set[str] = field(default_factory=set)
    _values_left: int = _MOST_VALUES

    @classmethod
    def of(cls, node: yaml.MappingNode) -> "RuleNode":
        """The fields of a node of a YAML document that was composed without any of YAML's own types."""
        found = cls()
        try:
            for name, key, value in found._entries(node, ""):
                found.lines[name[:60]] = line_of_node(key)
                found.values[name] = found._value(name, value, _SCALARS.get(name, text_of), 1)
        except _TooLargeError:
            found._refuse_value(node, _WHOLE, f"more than {_MOST_VALUES} values")
        return found

    def is_broken(self, name: str) -> bool:
        """True if the value of a field, or of what stands in it, could not be read."""
        return bool({name.partition(".")[0], _WHOLE} & self._unread)

    def line_of(self, name: str, default: int) -> int:
        """The line of a field, or of the field it should stand in."""
        return self.lines.get(name) or self.lines.get(name.partition(".")[0], default)

    def _value(self, name: str, node: yaml.Node, scalar: "_Scalar", depth: int) -> Any:
        self._spend()
        deepest = (
            _DEEPEST + (name.partition(".")[0] in RATIO_FIELDS) - (not isinstance(node, yaml.ScalarNode))
        )
        if node.tag not in _OWN_TAGS:
            tag = node.tag.replace(_TAG, "!!")
            return self._refuse_value(
                node, name, f"{shown(tag)}: no tags; text with ! stands in quotation marks"
            )
        if depth > deepest:
            return self._refuse_value(node, name, "deeper inside of others than any field of a rule")
        if isinstance(node, yaml.ScalarNode):
            try:
                return scalar(name, node)
            except RuleError as error:
                return self._refuse_value(node, error.field, error.message)
        if isinstance(node, yaml.MappingNode) and name in _BRACES:
            return self._refuse_value(node, name, "a text that begins with a brace stands in quotation marks")
        if isinstance(node, yaml.SequenceNode):
            return [self._value(name, item, scalar, depth + 1) for item in node.value]
        values = {}
        for inner, key, value in self._entries(node, f"{name}."):
            self.lines[f"{name}.{inner}"] = line_of_node(key)
            own = _SCALARS.get(f"{name}.{inner}", scalar)
            values[inner] = self._value(f"{name}.{inner}", value, own, depth + 1)
        return values

    def _entries(self, node: yaml.Node, prefix: str) -> Iterator["Entry"]:
        return mapping_entries(node, prefix, self._refuse_entry, self._spend)

    def _refuse_entry(self, node: yaml.Node, name: str, message: str) -> None:
        if name.endswith("<<"):
            self._unread.add(name.partition(".")[0] if "." in name else _WHOLE)
        self._refuse(node, name, message)

    def _refuse(self, node: yaml.Node, name: str, message: str) -> None:
        self.mistakes.append((line_of_node(node), RuleError(name, message)))

    def _refuse_value(self, node: yaml.Node, name: str, message: str) -> None:
        self._unread.add(name.partition(".")[0])
        self._refuse(node, name, message)

    def _spend(self) -> None:
        """Count a value: with anchors, few lines can stand for more than any memory holds."""
        self._values_left -= 1
        if self._values_left < 0:
            raise _TooLargeError


def mapping_entries(
    node: yaml.Node,
    prefix: str,
    refuse: Callable[[yaml.Node, str, str], None],
    spend: Callable[[], None],
    above: tuple[yaml.Node, ...] = (),
) -> Iterator["Entry"]:
    """Names with their nodes, those of merged mappings (`<<: *other`) after the mapping's own.

    `refuse` is told of each key that is none, with the prefixed name and what is wrong; `spend` of each value.
    """
    seen: set[str] = set()
    merged: list[yaml.Node] = []
    for key, value in node.value:
        spend()
        name = key.value
        if not isinstance(key, yaml.ScalarNode) or key.tag not in _OWN_TAGS:
            refuse(key, f"{prefix}?", "a field's name is text")
        elif name == "<<" and key.style is None:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif name in seen:
            refuse(key, prefix + name, "stands there twice")
        else:
            seen.add(name)
            yield name, key, value
    for other in merged:
        if not isinstance(other, yaml.MappingNode) or other in (node, *above):
            refuse(other, f"{prefix}<<", "a mapping, or a list of mappings, that does not hold this one")
            continue
        for name, key, value in mapping_entries(other, prefix, refuse, spend, (node, *above)):
            if name not in seen:
                seen.add(name)
                yield name, key, value


class _TooLargeError(Exception):
    """A rule has more values than one needs."""


_Scalar = Callable[[str, yaml.ScalarNode], Any]
Entry = tuple[str, yaml.Node, yaml.Node]
"""A field's name, the node of the name and that of the value."""


def line_of_node(node: yaml.Node) -> int:
    """The line of a file that a node begins in, from 1 on."""
    return int(node.start_mark.line) + 1


def is_plain(name: str, node: yaml.ScalarNode) -> bool:
    """True for a value without quotation marks; RuleError if it is none at all."""
    if node.style is None and node.value in _NO_VALUE:
        raise RuleError(name, "has no value; leave the field out, or put what is meant into quotation marks")
    return node.style is None


def text_of(name: str, node: yaml.ScalarNode) -> str:
    """The text as it is written; RuleError if there is none."""
    plain = is_plain(name, node)
    if name == "operator" and not plain and node.style in ">|":
        raise RuleError(
            name, f'in YAML {node.style} begins a text; put the operator into quotation marks, as ">"'
        )
    return str(node.value)


def number_of(name: str, node: yaml.ScalarNode) -> int | float:
    """The plain decimal number; RuleError if it is none, or none that is kept as it is written."""
    if not is_plain(name, node):
        raise RuleError(name, f"{shown(node.value)}: a number, without quotation marks")
    text = node.value
    if _DECIMAL.fullmatch(text) is None or len(text) > _LONGEST_NUMBER:
        raise RuleError(name, f"{shown(text)}: a plain decimal number, such as 90, -0.5 or 1e3")
    value, exact = float(text), Decimal(text)
    if not abs(value) <= LARGEST or (exact and abs(value) < 1 / LARGEST):
        raise RuleError(name, f"{shown(text)}: {SIZES}")
    if Decimal(repr(value)) != exact:
        raise RuleError(
            name, f"{shown(text)}: more digits than are kept, it would count as {number_text(value)}"
        )
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _number_or_text(name: str, node: yaml.ScalarNode) -> int | float | str:
    numeric = node.style is None and _DECIMAL.fullmatch(node.value) is not None
    return number_of(name, node) if numeric else text_of(name, node)


def boolean_of(name: str, node: yaml.ScalarNode) -> bool:
    """True or false; RuleError if it is neither."""
    if not is_plain(name, node) or node.value.lower() not in _BOOLEANS:
        raise RuleError(name, f"{shown(node.value)}: true or false, without quotation marks")
    return _BOOLEANS[node.value.lower()]


_SCALARS: dict[str, _Scalar] = {
    "threshold": number_of,
    "recovery": number_of,
    "denominator.at_least": number_of,
    "period": number_of,
    "renotify": number_of,
    "forget_after": number_of,
    "hold": number_of,
    "messages_per_hour": number_of,
    "datapoints": _number_or_text,
    "notify_on_resolve": boolean_of,
}
