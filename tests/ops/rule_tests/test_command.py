"""`ops rules test` as people and CI call it."""

import time
from pathlib import Path
from typing import Any

import pytest

from ops.__main__ import main
from tests.support.rules import RULE_FILE

TEST_FILE = """\
tests:
  - name: hot
    points:
      - {metric_name: cpu.load, series: "95 50"}
    expect:
      - rule_id: hot
        transitions: [{at: 1m, state: ALARM}, {at: 2m, state: OK}]
"""


def a_folder(tmp_path: Path, text: str = TEST_FILE) -> str:
    """Rules with tests beside them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules.yaml").write_text(RULE_FILE)
    (tmp_path / "tests" / "hot.yaml").write_text(text)
    return str(tmp_path)


def test_the_projects_own_rules_pass_their_tests(capsys: Any) -> None:
    """Every rule of `alerts/` is tested, and does what its test says."""
    assert main(["rules", "test"]) == 0
    shown = capsys.readouterr()
    assert "all passed" in shown.out
    assert "no test of" not in shown.err


def test_what_passes_is_counted(tmp_path: Path, capsys: Any) -> None:
    """One line, and 0."""
    assert main(["rules", "test", a_folder(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 test, all passed in ")


def test_what_fails_is_told_and_ends_with_1(tmp_path: Path, capsys: Any) -> None:
    """The file, the line and the name of the test, and what differs."""
    folder = a_folder(tmp_path, TEST_FILE.replace("at: 2m", "at: 1m"))
    assert main(["rules", "test", folder]) == 1
    shown = capsys.readouterr().out
    assert f"FAILED {folder}/tests/hot.yaml:2: hot\n" in shown
    assert "      actual:   1m ALARM, value 95; 2m OK, value 50\n1 test, 1 failed in " in shown


def test_mistakes_end_with_1_before_anything_is_run(tmp_path: Path, capsys: Any) -> None:
    """All of them, each with its place."""
    text = TEST_FILE.replace("95 50", "95 x").replace("rule_id: hot", "rule_id: cold")
    report = tmp_path / "junit.xml"
    assert main(["rules", "test", a_folder(tmp_path, text), "--junit", str(report)]) == 1
    shown = capsys.readouterr()
    assert "1 mistake; no test was run:" in shown.err
    assert "tests/hot.yaml:4: series: series: 'x', part 2 of the series: expected a number" in shown.err
    assert 'errors="1"' in report.read_text()


@pytest.mark.parametrize("place", ["nothing", "nothing.yaml"])
def test_no_tests_are_no_success(tmp_path: Path, capsys: Any, place: str) -> None:
    """A folder without tests, and a file that is not there, end with 1."""
    (tmp_path / "nothing").mkdir()
    assert main(["rules", "test", str(tmp_path / place)]) == 1
    assert "nothing" in capsys.readouterr().err


def test_some_of_the_tests_can_be_run(tmp_path: Path, capsys: Any) -> None:
    """`--only` chooses by name, and fails where it chooses none."""
    folder = a_folder(tmp_path)
    assert main(["rules", "test", folder, "--only", "ho"]) == 0
    assert main(["rules", "test", folder, "--only", "cold"]) == 1
    assert "no test has 'cold' in its name; there are 'hot'" in capsys.readouterr().err


def test_rules_without_a_test_are_named(tmp_path: Path, capsys: Any) -> None:
    """So that nobody takes a passed run for a tested rule."""
    folder = a_folder(tmp_path)
    (tmp_path / "more.yaml").write_text(RULE_FILE.replace("hot", "cold"))
    assert main(["rules", "test", folder]) == 0
    assert "note: no test of cold\n" in capsys.readouterr().err


def test_outcomes_are_written_for_ci(tmp_path: Path, capsys: Any) -> None:
    """Where they cannot be, that is said."""
    folder, report = a_folder(tmp_path), tmp_path / "junit.xml"
    assert main(["rules", "test", folder, "--junit", str(report)]) == 0
    assert '<testcase classname="' in report.read_text()
    assert main(["rules", "test", folder, "--junit", str(tmp_path / "no" / "junit.xml")]) == 1
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_checking_rules_does_not_ask_for_their_tests(tmp_path: Path, capsys: Any) -> None:
    """The folder of tests is no folder of rules that was forgotten."""
    assert main(["rules", "check", a_folder(tmp_path)]) == 0
    assert "is not read" not in capsys.readouterr().err


def test_a_hundred_tests_take_seconds(tmp_path: Path) -> None:
    """Each of an hour of five hosts: nothing is waited for."""
    text = "tests:\n" + "".join(
        TEST_FILE.removeprefix("tests:\n")
        .replace("name: hot", f"name: hot {number}")
        .replace("95 50", "95 50x58")
        for number in range(100)
    )
    began_s = time.process_time()
    assert main(["rules", "test", a_folder(tmp_path, text)]) == 0
    assert time.process_time() - began_s < 20


@pytest.mark.parametrize("only", [(), ("--only", "cold")])
def test_a_run_without_tests_is_an_error_for_ci_too(
    tmp_path: Path, capsys: Any, only: tuple[str, ...]
) -> None:
    """The file of an earlier run would pass for this one's."""
    report = tmp_path / "junit.xml"
    report.write_text("of an earlier run")
    place = a_folder(tmp_path) if only else str(tmp_path)
    assert main(["rules", "test", place, "--junit", str(report), *only]) == 1
    assert 'tests="1" failures="0" errors="1"' in report.read_text()
    capsys.readouterr()
