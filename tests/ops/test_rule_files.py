"""Rule files: every mistake with its file, line and field."""

from pathlib import Path

import pytest

from ops.rule_files import FOLDER, read_rule_files
from tests.support.rules import RULE_FILE as GOOD


def read(tmp_path: Path, text: str, tick: int = 60) -> list[str]:
    """The mistakes of one file, without its folder."""
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return [str(mistake).replace(f"{tmp_path}/", "") for mistake in read_rule_files([path], tick).mistakes]


def test_a_good_file_is_its_rules(tmp_path: Path) -> None:
    """Rules come with the place they stand at."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    found = read_rule_files([path], 60)
    assert not found.mistakes
    [filed] = found.rules
    assert (filed.rule.rule_id, filed.line) == ("hot", 2)


def test_the_projects_own_rules_are_good() -> None:
    """The samples can be applied as they are."""
    found = read_rule_files(sorted(FOLDER.glob("*.yaml")), 60)
    assert not found.mistakes
    assert len(found.rules) >= 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("avg", "p99"), 4, "statistic: 'p99' is not one of avg, sum, min, max, count"),
        (GOOD.replace("90", "[1"), 7, "not YAML"),
        (GOOD.replace("    threshold: 90\n", ""), 2, "threshold: is missing"),
        (GOOD + "    colour: red\n", 7, "colour: 'colour' is not one of"),
        (GOOD + "    threshold: 91\n", 7, "threshold: stands there twice"),
        (GOOD + "    recovery:\n      datapoints: 1\n      threshold: 95\n", 9, "recovery.threshold: 95"),
        (GOOD + "    recovery: {datapoints: 0}\n", 7, "recovery.datapoints: 0: a whole number from 1"),
        (GOOD + "    match: {env: prod, env: dev}\n", 7, "env: stands there twice"),
        (GOOD + "    period: 30\n", 2, "not a multiple of alerts.tick_seconds = 60"),
        (GOOD + "    annotation: !!python/name:os.system\n", 7, "annotation: '': could not determine"),
        ("", 1, "a mapping with `rules`"),
        ("rules: 3\n", 1, "a mapping with `rules`"),
        ("rule:\n  - a\n", 1, "a mapping with `rules`"),
        ("rules:\n  - hot\n", 2, "a rule is a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    """File, line, field, value and what is allowed."""
    [mistake] = read(tmp_path, text)
    assert mistake.startswith(f"a.yaml:{line}: ")
    assert words in mistake


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A file need not be mended one error at a time."""
    second = GOOD.removeprefix("rules:\n").replace("avg", "p1").replace("hot", "cold")
    assert len(read(tmp_path, GOOD.replace("avg", "p2") + second)) == 2


def test_two_rules_with_one_id_are_told_with_both_places(tmp_path: Path) -> None:
    """Also when they watch different metrics, in one file or two."""
    [mistake] = read(tmp_path, GOOD + GOOD.removeprefix("rules:\n").replace("cpu.load", "other"))
    assert mistake.startswith("a.yaml:7: rule_id: 'hot' is also the rule at ")
    assert mistake.endswith("a.yaml:2")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, or one that is not text, is a line like any other mistake."""
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    found = read_rule_files([tmp_path / "none.yaml", tmp_path / "b.yaml"], 60)
    assert len(found.mistakes) == 2
    assert all("cannot be read" in str(mistake) for mistake in found.mistakes)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("period: !!int abc", "a.yaml:7: period: 'abc': no value that YAML can make of it"),
        ("notify_on_resolve: !!bool maybe", "a.yaml:7: notify_on_resolve: 'maybe': no value"),
        ("annotation: 2026-13-45", "a.yaml:7: annotation: '2026-13-45': no value"),
        ("period: " + "9" * 5_000, "a.yaml:7: period: '9999"),
        ("annotation: =", "a.yaml:7: annotation: '=': could not determine"),
        ("by: !!python/object/apply:os.system [ls]", "a.yaml:7: by: a list or mapping: could not determine"),
        ("match: " + "[" * 3_000 + "]" * 3_000, "a.yaml:1: nested too deeply"),
    ],
)
def test_a_value_that_cannot_be_made_is_a_mistake_of_its_field(tmp_path: Path, line: str, said: str) -> None:
    """What the YAML library answers with an exception of its own is a line like any other."""
    [mistake] = read(tmp_path, f"{GOOD}    {line}\n")
    assert mistake.startswith(said)


def test_a_rule_that_contains_itself_is_a_mistake(tmp_path: Path) -> None:
    """An anchor may be referred to from inside of it."""
    assert read(tmp_path, "rules:\n  - &rule\n    rule_id: hot\n    match: *rule\n") == [
        "a.yaml:2: not YAML: it contains itself"
    ]
