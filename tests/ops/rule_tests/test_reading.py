"""Test files: each mistake with its place, its value and what was expected."""

from pathlib import Path

import pytest

from ops.rule_tests.model import DEFAULT_START_S
from ops.rule_tests.reading import ReadTests, files_of_tests, read_test_files
from tests.support.rules import RULE_FILE

RULES = (
    RULE_FILE
    + """\
  - rule_id: full
    metric_name: disk.used
    metric_type: system
    match: {env: prod}
    by: [host, disk]
    statistic: max
    operator: ">"
    threshold: 90
"""
)
GOOD = """\
tests:
  - name: hot
    points:
      - metric_name: cpu.load
        series: "95 50"
    expect:
      - rule_id: hot
        transitions:
          - at: 1m
            state: ALARM
          - {at: 2m, state: OK}
"""


def read(folder: Path, text: str) -> ReadTests:
    """A test file beside two rules."""
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(RULES)
    (folder / "tests" / "some.yaml").write_text(text)
    return read_test_files(files_of_tests([folder]), 60)


def mistakes(folder: Path, text: str) -> list[str]:
    """The mistakes of a test file, each with its line."""
    found = read(folder, text)
    return [f"{one.line}: {one.message}" for one in found.mistakes]


def test_a_good_file_is_its_tests(tmp_path: Path) -> None:
    """Points, expectations, and defaults for what is left out."""
    found = read(tmp_path, GOOD)
    assert not found.mistakes
    [test] = found.tests
    [series] = test.series
    assert (test.name, test.start_s, series.interval_s, series.count) == ("hot", DEFAULT_START_S, 60, 2)
    assert [rule.rule_id for rule in found.rules] == ["hot", "full"]
    [expectation] = test.expectations
    assert expectation.transitions is not None
    assert [one.at_s - test.start_s for one in expectation.transitions] == [60, 120]
    assert expectation.notifications is None


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("95 50", "95 5O", "5: series: series: '5O', part 2 of the series: expected a number"),
        ("95 50", "", "5: series: series: '' is empty"),
        ("rule_id: hot", "rule_id: hto", "7: expect: rule_id: no rule 'hto'; did you mean hot?"),
        ("rule_id: hot", "rule_id: zzz", "7: expect: rule_id: no rule 'zzz'; there are hot, full"),
        (
            "cpu.load",
            "cpu.laod",
            "4: test: points: no series matches hot, cpu.load of type any; they are of cpu.laod",
        ),
        (
            "at: 1m",
            "at: 90s",
            "9: transitions: at: rules are evaluated each 1m, the first time 1m after the start",
        ),
        ("at: 1m", "at: 1h", "9: transitions: at: the test ends 2m after its start"),
        ("at: 1m", "at: soon", "9: transitions: at: 'soon': expected numbers with d, h, m and s"),
        ("ALARM", "FIRING", "10: transitions: state: 'FIRING' is not one of OK, ALARM, MISSING"),
        ("state: ALARM", "value: hot", "9: transitions: state: is missing"),
        (
            "    points:",
            "    start: noon\n    points:",
            "3: test: start: 'noon': expected a whole second in UTC",
        ),
        ("    points:", "    interval: 0s\n    points:", "3: test: interval: '0s': at least 1s"),
        ("    points:", "    point:", "4: test: 'point' is not one of name, start, interval, points, expect"),
        ("series: ", "start: -1m\n        series: ", "5: series: start: '-1m': expected numbers"),
        ("series: ", "metric_type: any\n        series: ", "5: series: metric_type: 'any' is not one of"),
        ("series: ", "dimensions: [a]\n        series: ", "5: series: dimensions: a mapping of fields"),
        ("name: hot", "name: ''", "2: test: name: is empty"),
        ("name: hot", "name: hot\n    name: cold", "3: test: name: stands there twice"),
        ("name: hot", "name: !!int 5", "2: test: name: 'tag:yaml.org,2002:int': no tags"),
        (
            "rule_id: hot",
            "rule_id: hot\n        group: {host: a}",
            "8: expect: group: has host; hot is by none",
        ),
        (
            "rule_id: hot",
            "rule_id: hot\n        summary: true",
            "8: expect: summary: there is none, as hot has no messages_per_hour",
        ),
        (
            "rule_id: hot",
            "rule_id: hot\n        summary: false",
            "8: expect: summary: true, in the place of a group",
        ),
        ("rule_id: hot", "rule_id: full", "7: expect: group: has no dimension; full is by host, disk"),
    ],
)
def test_a_mistake_has_its_place_and_what_was_expected(
    tmp_path: Path, old: str, new: str, mistake: str
) -> None:
    """One word that is wrong is told with its line, its field, its value and what may stand there."""
    found = mistakes(tmp_path, GOOD.replace(old, new, 1))
    assert any(one.startswith(mistake) for one in found), found


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "1: tests nothing: a test file is a mapping with `tests`"),
        ("[]", "1: tests nothing: a test file is a mapping with `tests`"),
        ("tests: []", "1: test file: tests: an empty list tests nothing"),
        ("tests:", "1: test file: tests: a list of tests"),
        ("tests: [a]", "1: test: a mapping of fields"),
        (RULES, "1: tests nothing: a test file is a mapping with `tests`, a list of tests, and perhaps"),
        (GOOD.partition("    expect:")[0], "2: test: expect: is missing"),
        (GOOD.partition("        transitions:")[0], "7: expect: tests nothing: expected transitions or"),
        (GOOD.partition("      - rule_id")[0] + "      []", "7: test: expect: an empty list tests nothing"),
        ("tests: [\n", "2: not YAML"),
        ("rule_files: [no.yaml]\n" + GOOD, "1: cannot be read: No such file"),
        ("&a tests: [*a]", "1: "),
    ],
)
def test_a_file_that_tests_nothing_is_a_mistake(tmp_path: Path, text: str, mistake: str) -> None:
    """No tests, no points, no expectation: the file says nothing of any rule."""
    found = mistakes(tmp_path, text)
    assert any(one.startswith(mistake) for one in found), found


def test_a_series_of_a_metric_that_no_rule_asks_for_is_a_mistake(tmp_path: Path) -> None:
    """Beside one that matches it would be points for nothing; points of another type or dimension say something."""
    other = 'series: "95 50"\n      - {metric_name: cpu.other, series: "1"}'
    [found] = mistakes(tmp_path, GOOD.replace('series: "95 50"', other))
    assert found == "6: series: metric_name: no rule of the test asks for 'cpu.other', but for cpu.load"
    system = 'series: "95 50"\n      - {metric_name: cpu.load, metric_type: system, series: "1"}'
    assert not mistakes(tmp_path, GOOD.replace('series: "95 50"', system))


def test_groups_and_names_stand_once(tmp_path: Path) -> None:
    """A second expectation of a group, and a second test of a name, are told with the line of the first."""
    twice = GOOD + "      - {rule_id: hot, transitions: []}\n"
    assert mistakes(tmp_path, twice) == ["12: expect: the same rule and group as in line 7"]
    again = GOOD + GOOD.removeprefix("tests:\n")
    assert mistakes(tmp_path, again) == ["12: name: 'hot' is also the test in line 2"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Mistakes of several series and expectations, in one run."""
    other = GOOD.removeprefix("tests:\n").replace("hot", "cold")
    text = GOOD.replace("95 50", "x") + other
    assert [one.partition(":")[0] for one in mistakes(tmp_path, text)] == ["5", "17"]


def test_text_is_text_as_it_is_written(tmp_path: Path) -> None:
    """Dimensions are no booleans and no numbers, and only `null` without quotation marks is none."""
    text = """\
tests:
  - name: text
    points:
      - metric_name: disk.used
        metric_type: system
        dimensions: {env: prod, host: no, disk: 1.10}
        series: "1"
    expect:
      - {rule_id: full, group: {host: no, disk: null}, transitions: []}
      - {rule_id: full, group: {host: "null", disk: 0x10}, transitions: []}
"""
    found = read(tmp_path, text)
    assert not found.mistakes
    assert found.tests[0].series[0].dimensions == {"env": "prod", "host": "no", "disk": "1.10"}
    assert [one.group for one in found.tests[0].expectations] == [("no", None), ("null", "0x10")]


def test_mappings_may_be_merged(tmp_path: Path) -> None:
    """What series share may stand once."""
    merged = 'points:\n      - &one {metric_name: cpu.load, series: "1 1"}\n      - {<<: *one, interval: 30s}'
    text = GOOD.replace('points:\n      - metric_name: cpu.load\n        series: "95 50"', merged)
    assert [one.interval_s for one in read(tmp_path, text).tests[0].series] == [60, 30]


def test_bad_rules_are_told_as_by_check(tmp_path: Path) -> None:
    """Rules that cannot be read cannot be tested."""
    (tmp_path / "bad.yaml").write_text(RULE_FILE.replace("avg", "median").replace("hot", "bad"))
    found = read(tmp_path, GOOD)
    assert [one.file.name for one in found.mistakes] == ["bad.yaml"]
    assert not found.tests


def test_a_test_file_may_name_its_rules(tmp_path: Path) -> None:
    """`rule_files` are files or folders, from the test file's folder on."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "one.yaml").write_text(RULE_FILE)
    found = read(tmp_path, "rule_files: [../elsewhere]\n" + GOOD)
    assert [rule.rule_id for rule in found.rules] == ["hot"]
