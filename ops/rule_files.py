"""Alert rules as files: YAML in which every mistake is named with its file, line and field."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from handlers.domain.alerts.evaluation.inhibition import cycle_of
from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.rules.reading import APPLIED, read_rule
from handlers.domain.alerts.rules.rule import Rule
from ops.rule_checks import refusals
from ops.rule_yaml import RuleNode

FOLDER = Path("alerts")
# Inside of a folder of rules: their tests, see `ops.rule_tests`.
TESTS = "tests"
SUFFIXES = (".yaml", ".yml")
_FORM = "a rule file is a mapping with `rules`, a list of rules, and nothing else"
# What YAML says of the operators >= and >, or of a text in braces, without quotation marks.
_HINTS = {
    "expected chomping or indentation indicators": 'an operator stands in quotation marks, as ">="',
    "expected <block end>": "a text that begins with a brace stands in quotation marks",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a file, and its place."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class UnreadableFileError(Exception):
    """A file that is no YAML, or cannot be read at all."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


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


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a file's list: a rule, or mistakes; its id in either case, if it has one."""

    file: Path
    line: int
    rule_id: object = None
    rule: Rule | None = None
    mistakes: Sequence[Mistake] = ()


def rule_files_in(paths: Iterable[Path]) -> list[Path]:
    """The files that the paths name, each once: files themselves, and those with YAML's endings of a folder."""
    found: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(one for one in path.iterdir() if _is_rule_file(one)) if path.is_dir() else [path]
        for one in inside:
            found.setdefault(one.resolve(), one)
    return list(found.values())


def unread_files(folder: Path) -> list[Path]:
    """The YAML files in folders inside of a folder, which are not read with it; tests of rules are none of them."""
    tests = folder / TESTS
    return sorted(
        one for one in folder.glob("*/**/*") if _is_rule_file(one) and not one.is_relative_to(tests)
    )


def _is_rule_file(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def read_rule_files(paths: Sequence[Path], tick_seconds: int) -> RuleFiles:
    """Every rule of the files, and every mistake in them; `tick_seconds` is the environment's setting of that name."""
    entries = [entry for path in paths for entry in _read_file(path, tick_seconds)]
    rules = [FiledRule(one.rule, one.file, one.line) for one in entries if one.rule is not None]
    mistakes = [mistake for one in entries for mistake in one.mistakes]
    mistakes += [*_repeated(entries), *_misnamed(rules, {entry.rule_id for entry in entries})]
    return RuleFiles(rules, sorted(mistakes, key=lambda mistake: (str(mistake.file), mistake.line)))


def compose(path: Path, form: str) -> yaml.Node | None:
    """The root of a file's YAML, without any of YAML's own types; None for an empty file.

    Raises UnreadableFileError with the place; `form` says how such a file is to look.
    """

    def wrong(line: int, message: str) -> UnreadableFileError:
        return UnreadableFileError(Mistake(path, line, message))

    try:
        # None of YAML's own types: `ops.rule_yaml` says what a value is.
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(1, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except RecursionError as error:
        raise wrong(1, f"nested too deeply; {form}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        hints = [f" ({hint})" for words, hint in _HINTS.items() if words in problem]
        raise wrong(mark.line + 1 if mark else 1, f"not YAML: {problem}{''.join(hints)}") from error


def _read_file(path: Path, tick_seconds: int) -> Iterator[_Entry]:
    def wrong(line: int, message: str) -> _Entry:
        return _Entry(path, line, mistakes=[Mistake(path, line, message)])

    try:
        root = compose(path, _FORM)
    except UnreadableFileError as error:
        yield _Entry(path, error.mistake.line, mistakes=[error.mistake])
        return
    listed = _listed(root)
    if listed is None:
        yield wrong(root.start_mark.line + 1 if root else 1, _FORM)
        return
    for node in listed:
        if isinstance(node, yaml.MappingNode):
            yield _read_node(path, node, tick_seconds)
        else:
            yield wrong(node.start_mark.line + 1, "a rule is a mapping of fields")


def _listed(root: yaml.Node | None) -> list[yaml.Node] | None:
    if not isinstance(root, yaml.MappingNode) or len(root.value) != 1:
        return None
    [(key, value)] = root.value
    if key.value != "rules" or not isinstance(value, yaml.SequenceNode):
        return None
    return list(value.value)


def _read_node(path: Path, node: yaml.MappingNode, tick_seconds: int) -> _Entry:
    line = int(node.start_mark.line) + 1
    read = RuleNode.of(node)
    rule, errors = _read_rule(read, tick_seconds)
    places = [*read.mistakes, *((read.line_of(error.field, line), error) for error in errors)]
    # A list that an anchor repeats has one mistake, however often it is referred to.
    mistakes = list(dict.fromkeys(Mistake(path, place, str(error)) for place, error in places))
    return _Entry(path, line, read.values.get("rule_id"), None if mistakes else rule, mistakes)


def _read_rule(read: RuleNode, tick_seconds: int) -> tuple[Rule | None, list[RuleError]]:
    """The rule and what does not suit it, or what is wrong with its fields beyond what could not be read at all."""
    values = dict(read.values)
    outside = [
        RuleError(name, "`ops rules apply` sets it; it stands in no file")
        for name in APPLIED
        if values.pop(name, None) is not None
    ]
    try:
        rule = read_rule(values)
    except RuleError as error:
        return None, [*outside, *(one for one in (error, *error.others) if not read.is_broken(one.field))]
    return rule, [*outside, *refusals(rule, tick_seconds)]


def _misnamed(rules: Sequence[FiledRule], known: Collection[object]) -> Iterator[Mistake]:
    """The rules whose `unless` names no rule, and the first of each circle of rules that lead back to themselves."""
    unless = {filed.rule.rule_id: filed.rule.unless for filed in rules}
    told: set[str] = set()
    for filed in rules:
        rule = filed.rule
        cycle = cycle_of(rule.rule_id, unless)
        if rule.unless and rule.unless not in known:
            message = f"unless: {rule.unless!r} is no rule of the files that are read"
            yield Mistake(filed.file, filed.line, message)
        elif rule.rule_id in cycle[1:] and told.isdisjoint(cycle):
            told.update(cycle)
            message = f"unless: {' -> '.join(cycle)}: rules that mute each other would tell of nothing"
            yield Mistake(filed.file, filed.line, message)


def _repeated(entries: Sequence[_Entry]) -> Iterator[Mistake]:
    first: dict[str, _Entry] = {}
    for entry in entries:
        if isinstance(entry.rule_id, str):
            other = first.setdefault(entry.rule_id, entry)
            if other is not entry:
                message = f"rule_id: {entry.rule_id!r} is also the rule at {other.file}:{other.line}"
                yield Mistake(entry.file, entry.line, message)
