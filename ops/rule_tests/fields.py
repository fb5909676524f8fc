"""The fields of a mapping in a test file, read one after the other; each mistake has its line, field and value."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import yaml

from handlers.domain.alerts.rules.fields import RuleError, shown
from ops.rule_files import Mistake
from ops.rule_yaml import boolean_of, is_plain, line_of_node, mapping_entries, number_of, text_of

_Value = TypeVar("_Value")
# With anchors, few lines can stand for more than any memory holds.
_MOST_VALUES = 100_000


class BadTestFileError(Exception):
    """A place of a test file that cannot be read; the mistake is noted."""


class FileReading:
    """The mistakes of one file, as they are found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mistakes: list[Mistake] = []
        self._values_left = _MOST_VALUES

    def wrong(self, node: yaml.Node, message: str) -> BadTestFileError:
        """Notes a mistake, once for each place; the error to raise."""
        mistake = Mistake(self.path, line_of_node(node), message)
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)
        return BadTestFileError(str(mistake))

    def spend(self) -> None:
        """Counts a value."""
        self._values_left -= 1
        if self._values_left < 0:
            self.mistakes.append(Mistake(self.path, 1, f"more than {_MOST_VALUES:,} values"))
            raise BadTestFileError

    def mapping(self, node: yaml.Node, what: str, allowed: Collection[str]) -> "MappingFields":
        """The fields of a mapping, which has no others than these; `what` names it in messages."""
        return MappingFields(self, node, what, allowed)

    def each(self, nodes: Sequence[yaml.Node], reader: Callable[[yaml.Node], _Value]) -> list[_Value]:
        """The values that a reader makes of nodes; all mistakes of all of them are noted, then BadTestFileError."""
        found, failed = [], False
        for node in nodes:
            try:
                found.append(reader(node))
            except BadTestFileError:
                failed = True
        if failed:
            raise BadTestFileError
        return found


class MappingFields:
    """The fields of one mapping; every reader raises BadTestFileError after it noted the mistake."""

    def __init__(self, reading: FileReading, node: yaml.Node, what: str, allowed: Collection[str]) -> None:
        self.reading, self.node, self.what = reading, node, what
        self.nodes = self._read(node, what)
        for name, value in self.nodes.items():
            if allowed and name not in allowed:
                raise self.wrong(value, f"{shown(name)} is not one of {', '.join(allowed)}")

    def wrong(self, node: yaml.Node, message: str) -> BadTestFileError:
        """Notes a mistake at a node."""
        return self.reading.wrong(node, f"{self.what}: {message}")

    def texts(self, name: str, *, nothing: bool = False) -> dict[str, str | None]:
        """A mapping of text to text, or with `nothing` to None for a value left empty or `null`."""
        node = self.nodes.get(name)
        if node is None:
            return {}
        found: dict[str, str | None] = {}
        for key, value in self._read(node, f"{self.what}: {name}").items():
            if nothing and isinstance(value, yaml.ScalarNode) and self._is_nothing(value):
                found[key] = None
            else:
                found[key] = self._scalar(f"{name}.{key}", value, text_of)
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """A text, which is not empty."""
        node = self._node(name, default)
        if node is None:
            return str(default)
        text = self._scalar(name, node, text_of)
        if not text.strip():
            raise self.wrong(node, f"{name}: is empty")
        return text

    def parsed(self, name: str, parse: Callable[[str], _Value], default: _Value | None = None) -> _Value:
        """The value that `parse` makes of a text; its ValueError is the mistake."""
        node = self._node(name, default)
        if node is None:
            return cast("_Value", default)
        try:
            return parse(self._scalar(name, node, text_of))
        except ValueError as error:
            raise self.wrong(node, f"{name}: {error}") from error

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """One of some words."""
        text = self.text(name)
        if text not in allowed:
            raise self.wrong(self.nodes[name], f"{name}: {shown(text)} is not one of {', '.join(allowed)}")
        return text

    def number(self, name: str) -> float | None:
        """A number, or None for `null`: no value."""
        node = self.nodes[name]
        if isinstance(node, yaml.ScalarNode) and self._is_nothing(node):
            return None
        return float(self._scalar(name, node, number_of))

    def boolean(self, name: str) -> bool:
        """True or false."""
        return self._scalar(name, self.nodes[name], boolean_of)

    def listed(self, name: str, what: str, *, empty: bool = False) -> list[yaml.Node]:
        """The nodes of a list, which is empty only where that says something; `what` says of what it is a list."""
        node = self._node(name, None)
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(node or self.node, f"{name}: a list of {what}")
        if not node.value and not empty:
            raise self.wrong(node, f"{name}: an empty list tests nothing; expected {what}")
        return list(node.value)

    def _node(self, name: str, default: object) -> yaml.Node | None:
        node = self.nodes.get(name)
        if node is None and default is None:
            raise self.wrong(self.node, f"{name}: is missing")
        return node

    def _scalar(self, name: str, node: yaml.Node, reader: Callable[[str, yaml.ScalarNode], _Value]) -> _Value:
        self.reading.spend()
        if not isinstance(node, yaml.ScalarNode):
            raise self.wrong(node, f"{name}: a single value, no list and no mapping")
        if node.tag != "tag:yaml.org,2002:str":
            raise self.wrong(
                node, f"{name}: {shown(node.tag)}: no tags; text with ! stands in quotation marks"
            )
        try:
            return reader(name, node)
        except RuleError as error:
            raise self.wrong(node, str(error)) from error

    def _is_nothing(self, node: yaml.ScalarNode) -> bool:
        try:
            is_plain("", node)
        except RuleError:
            return True
        return False

    def _read(self, node: yaml.Node, what: str) -> Mapping[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self.reading.wrong(node, f"{what}: a mapping of fields")

        def refuse(at: yaml.Node, name: str, message: str) -> None:
            raise self.reading.wrong(at, f"{what}: {name}: {message}")

        return {name: value for name, _, value in mapping_entries(node, "", refuse, self.reading.spend)}
