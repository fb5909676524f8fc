"""Test files: YAML with tests of the rules beside them, in which every mistake is named with its line and field."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import SUMMARY_GROUP
from handlers.vocabulary import DEFAULT_METRIC_TYPE, METRIC_TYPES
from ops.bundle import ROOT
from ops.rule_files import (
    FOLDER,
    TESTS,
    Mistake,
    UnreadableFileError,
    compose,
    read_rule_files,
    rule_files_in,
)
from ops.rule_tests.expectations import read_expectation
from ops.rule_tests.fields import BadTestFileError, FileReading, MappingFields
from ops.rule_tests.model import DEFAULT_START_S, Expectation, RuleTest, Series
from ops.rule_tests.series import read_series
from ops.rule_tests.times import LONGEST_S, moment_s, span_s, span_text

_FORM = "a test file is a mapping with `tests`, a list of tests, and perhaps `rule_files`"
TEST = ("name", "start", "interval", "points", "expect")
"""The fields of a test."""
SERIES = ("metric_name", "metric_type", "dimensions", "series", "start", "interval")
"""The fields of a series."""
EXPECT = ("rule_id", "group", "summary", "transitions", "notifications")
"""The fields of what is expected of a group."""


@dataclass(frozen=True, slots=True)
class ReadTests:
    """The tests of files, all mistakes in them, and the rules that they are tests of."""

    tests: Sequence[RuleTest]
    mistakes: Sequence[Mistake]
    rules: Sequence[Rule]


def files_of_tests(paths: Sequence[Path]) -> list[Path]:
    """The files that the paths name: files themselves, and those of a folder, of its folder `tests` if it has one."""
    return rule_files_in([path / TESTS if (path / TESTS).is_dir() else path for path in paths])


def read_test_files(paths: Sequence[Path], tick_seconds: int) -> ReadTests:
    """Every test of the files, and every mistake; `tick_seconds` is the environment's setting of that name."""
    tests: list[RuleTest] = []
    mistakes: list[Mistake] = []
    rules: dict[str, Rule] = {}
    for path in paths:
        reading = FileReading(path)
        try:
            found, known = _read_file(reading, tick_seconds)
        except UnreadableFileError as error:
            mistakes.append(error.mistake)
            continue
        except BadTestFileError:
            found, known = [], {}
        mistakes += reading.mistakes
        tests += found
        rules |= known
    return ReadTests(tests, list(dict.fromkeys(mistakes)), list(rules.values()))


def _read_file(reading: FileReading, tick_seconds: int) -> tuple[list[RuleTest], dict[str, Rule]]:
    root = compose(reading.path, _FORM)
    if root is None or not isinstance(root, yaml.MappingNode):
        reading.mistakes.append(Mistake(reading.path, 1, f"tests nothing: {_FORM}"))
        raise BadTestFileError
    names = {key.value for key, _ in root.value}
    if "tests" not in names:
        hint = "; these are rules, and their tests stand in a folder `tests` beside them"
        message = f"tests nothing: {_FORM}{hint if 'rules' in names else ''}"
        raise reading.wrong(root, message)
    fields = reading.mapping(root, "test file", ("tests", "rule_files"))
    rules = _rules_of(fields, tick_seconds)
    tests = reading.each(
        fields.listed("tests", "tests"), lambda node: _read_test(reading, node, rules, tick_seconds)
    )
    first: dict[str, RuleTest] = {}
    for test in tests:
        other = first.setdefault(test.name, test)
        if other is not test:
            message = f"name: {test.name!r} is also the test in line {other.line}"
            reading.mistakes.append(Mistake(test.file, test.line, message))
    return tests, rules


def _rules_of(fields: MappingFields, tick_seconds: int) -> dict[str, Rule]:
    """The rules of the files that a test file names, else those beside it; BadTestFileError if they have mistakes."""
    reading, folder = fields.reading, fields.reading.path.parent
    if "rule_files" in fields.nodes:
        names = [str(node.value) for node in fields.listed("rule_files", "rule files")]
        paths = [folder / name for name in names]
    else:
        paths = [folder.parent if folder.resolve().name == TESTS else ROOT / FOLDER]
    files = rule_files_in(paths)
    if not files:
        raise fields.wrong(fields.node, f"no rule files in {', '.join(map(str, paths))}")
    found = read_rule_files(files, tick_seconds)
    if found.mistakes:
        reading.mistakes += found.mistakes
        raise BadTestFileError
    return {filed.rule.rule_id: filed.rule for filed in found.rules}


def _read_test(
    reading: FileReading, node: yaml.Node, rules: Mapping[str, Rule], tick_seconds: int
) -> RuleTest:
    fields = reading.mapping(node, "test", TEST)
    start_s = fields.parsed("start", moment_s, DEFAULT_START_S)
    interval_s = fields.parsed("interval", _some_span_s, 60)
    points, expect = fields.listed("points", "series"), fields.listed("expect", "what is expected")
    series = reading.each(points, lambda one: _read_one_series(reading, one, start_s, interval_s))
    end_s = max(one.end_s for one in series)
    if end_s - start_s > LONGEST_S:
        raise fields.wrong(node, f"lasts {span_text(end_s - start_s)}, and at most {span_text(LONGEST_S)}")
    ends_s = range(start_s // tick_seconds * tick_seconds, end_s + tick_seconds, tick_seconds)

    def expectation(one: yaml.Node) -> Expectation:
        own = reading.mapping(one, "expect", EXPECT)
        rule = _rule_of(own, rules)
        return read_expectation(own, rule, _group_of(own, rule), start_s, ends_s)

    expectations = reading.each(expect, expectation)
    test = RuleTest(
        reading.path, node.start_mark.line + 1, fields.text("name"), start_s, series, expectations
    )
    _refuse_strangers(fields, test)
    return test


def _some_span_s(text: str) -> int:
    seconds = span_s(text)
    if not seconds:
        raise ValueError(f"{text!r}: at least 1s")
    return seconds


def _read_one_series(reading: FileReading, node: yaml.Node, start_s: int, interval_s: int) -> Series:
    fields = reading.mapping(node, "series", SERIES)
    places = fields.parsed("series", read_series)
    kind = DEFAULT_METRIC_TYPE
    if "metric_type" in fields.nodes:
        kind = fields.choice("metric_type", METRIC_TYPES)
    return Series(
        line=node.start_mark.line + 1,
        metric_name=fields.text("metric_name"),
        metric_type=kind,
        dimensions={name: str(value) for name, value in fields.texts("dimensions").items()},
        start_s=start_s + fields.parsed("start", span_s, 0),
        interval_s=fields.parsed("interval", _some_span_s, interval_s),
        places=places.points,
        count=places.length,
    )


def _rule_of(fields: MappingFields, rules: Mapping[str, Rule]) -> Rule:
    rule_id = fields.text("rule_id")
    if rule_id not in rules:
        alike = difflib.get_close_matches(rule_id, rules, n=1)
        hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(rules)}"
        raise fields.wrong(fields.nodes["rule_id"], f"rule_id: no rule {rule_id!r}; {hint}")
    return rules[rule_id]


def _group_of(fields: MappingFields, rule: Rule) -> Group:
    """The group's values, in the order of the rule's `by`; or that of the summaries of what its cap held back."""
    if "summary" in fields.nodes:
        if not fields.boolean("summary") or "group" in fields.nodes:
            raise fields.wrong(fields.nodes["summary"], "summary: true, in the place of a group")
        if not rule.messages_per_hour:
            message = f"summary: there is none, as {rule.rule_id} has no messages_per_hour"
            raise fields.wrong(fields.nodes["summary"], message)
        return SUMMARY_GROUP
    found = fields.texts("group", nothing=True)
    if set(found) != set(rule.by):
        given = ", ".join(found) or "no dimension"
        asked = ", ".join(rule.by) if rule.by else "none, as the rule has no `by`"
        node = fields.nodes.get("group", fields.node)
        raise fields.wrong(node, f"group: has {given}; {rule.rule_id} is by {asked}")
    return tuple(found[name] for name in rule.by)


def _refuse_strangers(fields: MappingFields, test: RuleTest) -> None:
    """Refuses rules that no series matches, series of metrics that no rule asks for, and repeated groups."""
    reading = fields.reading
    for rule in test.rules:
        if not any(_matches(rule, one) for one in test.series):
            asked = " or ".join(
                f"{side.metric_name} of type {side.metric_type}"
                + "".join(f" with {name} {' or '.join(values)}" for name, values in side.match)
                for side in rule.sides
            )
            names = ", ".join(sorted({one.metric_name for one in test.series}))
            message = f"points: no series matches {rule.rule_id}, {asked}; they are of {names}"
            raise fields.wrong(fields.nodes["points"], message)
    asked_names = {side.metric_name for rule in test.rules for side in rule.sides}
    for one in test.series:
        if one.metric_name not in asked_names:
            message = f"series: metric_name: no rule of the test asks for {one.metric_name!r}, but for "
            reading.mistakes.append(Mistake(reading.path, one.line, message + ", ".join(sorted(asked_names))))
    seen: dict[tuple[str, Group], int] = {}
    for expectation in test.expectations:
        first = seen.setdefault((expectation.rule.key, expectation.group), expectation.line)
        if first != expectation.line:
            message = f"expect: the same rule and group as in line {first}"
            reading.mistakes.append(Mistake(reading.path, expectation.line, message))


def _matches(rule: Rule, series: Series) -> bool:
    return any(
        selection.metric_name == series.metric_name
        and selection.group_in(series.metric_type, series.dimensions) is not None
        for selection in rule.asked
    )
