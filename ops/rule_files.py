"""Alert rules as files: YAML in which every mistake is named with its file, line and field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from handlers.domain.alerts.rules.fields import RuleError, shown
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule

FOLDER = Path("alerts")
# What making a value of a node may raise: an impossible date is a ValueError, a boolean that is none a KeyError, and
# what is nested too deeply, or in itself, has no end.
_UNUSABLE = (yaml.YAMLError, ValueError, KeyError, RecursionError)
_FORM = "a rule file is a mapping with `rules`, a list of rules"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a file, and its place."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class FiledRule:
    """A rule and the place it stands at."""

    rule: Rule
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """The rules of files, and all mistakes in them."""

    rules: Sequence[FiledRule]
    mistakes: Sequence[Mistake]


def read_rule_files(paths: Sequence[Path], tick_seconds: int) -> RuleFiles:
    """Every rule of the files, and every mistake in them; `tick_seconds` is the environment's setting of that name."""
    found = [one for path in paths for one in _read_file(path)]
    rules = [one for one in found if isinstance(one, FiledRule)]
    mistakes = [one for one in found if isinstance(one, Mistake)]
    mistakes += _repeated(rules)
    mistakes += [
        Mistake(
            filed.file,
            filed.line,
            f"period: {filed.rule.period_s}: "
            f"not a multiple of alerts.tick_seconds = {tick_seconds} of this environment",
        )
        for filed in rules
        if filed.rule.period_s % tick_seconds
    ]
    return RuleFiles(rules, sorted(mistakes, key=lambda mistake: (str(mistake.file), mistake.line)))


def _read_file(path: Path) -> Iterator[FiledRule | Mistake]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        yield Mistake(path, 1, f"cannot be read: {error}")
        return
    except RecursionError:
        yield Mistake(path, 1, f"nested too deeply; {_FORM}")
        return
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        yield Mistake(path, mark.line + 1 if mark else 1, f"not YAML: {problem}")
        return
    listed = _listed(root)
    if listed is None:
        yield Mistake(path, root.start_mark.line + 1 if root else 1, _FORM)
        return
    for node in listed:
        yield _read_node(path, node)


def _listed(root: yaml.Node | None) -> list[yaml.Node] | None:
    if not isinstance(root, yaml.MappingNode) or len(root.value) != 1:
        return None
    [(key, value)] = root.value
    if key.value != "rules" or not isinstance(value, yaml.SequenceNode):
        return None
    return list(value.value)


def _read_node(path: Path, node: yaml.Node) -> FiledRule | Mistake:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        return Mistake(path, line, "a rule is a mapping of fields")
    try:
        twice = _repeated_key(node)
        if twice is not None:
            return Mistake(path, twice.start_mark.line + 1, f"{twice.value}: stands there twice")
        return FiledRule(read_rule(_construct(node)), path, line)
    except RuleError as error:
        return Mistake(path, _line_of(node, error.field), str(error))
    except _UNUSABLE as error:
        return _unusable(path, node, error)


def _construct(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _unusable(path: Path, node: yaml.MappingNode, error: Exception) -> Mistake:
    """The field whose value alone cannot be used, or the place that YAML names."""
    for key, value in node.value:
        try:
            _construct(value)
        except _UNUSABLE as inner:
            problem = getattr(inner, "problem", None) or "no value that YAML can make of it"
            return Mistake(path, key.start_mark.line + 1, f"{key.value}: {_shown(value)}: {problem}")
    mark = getattr(error, "problem_mark", None)
    place = mark.line if mark else node.start_mark.line
    return Mistake(path, place + 1, f"not YAML: {getattr(error, 'problem', None) or 'it contains itself'}")


def _shown(node: yaml.Node) -> str:
    return shown(node.value) if isinstance(node, yaml.ScalarNode) else "a list or mapping"


def _repeated_key(node: yaml.MappingNode) -> yaml.ScalarNode | None:
    """YAML keeps the last of two fields of one name and says nothing."""
    seen = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                return key
            seen.add(key.value)
        if isinstance(value, yaml.MappingNode):
            inner = _repeated_key(value)
            if inner is not None:
                return inner
    return None


def _line_of(node: yaml.MappingNode, field: str) -> int:
    """The line of the field, or of what it should stand in."""
    name, _, rest = field.partition(".")
    for key, value in node.value:
        if key.value == name:
            if rest and isinstance(value, yaml.MappingNode):
                inner = _line_of(value, rest)
                return inner if inner != value.start_mark.line + 1 else int(key.start_mark.line) + 1
            return int(key.start_mark.line) + 1
    return int(node.start_mark.line) + 1


def _repeated(rules: Sequence[FiledRule]) -> Iterator[Mistake]:
    first: dict[str, FiledRule] = {}
    for filed in rules:
        other = first.setdefault(filed.rule.rule_id, filed)
        if other is not filed:
            message = f"rule_id: {filed.rule.rule_id!r} is also the rule at {other.file}:{other.line}"
            yield Mistake(filed.file, filed.line, message)
