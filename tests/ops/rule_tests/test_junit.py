"""Outcomes as JUnit's XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

from ops.rule_files import Mistake
from ops.rule_tests.junit import junit_xml
from ops.rule_tests.model import RuleTest
from ops.rule_tests.running import Outcome


def an_outcome(name: str, *differences: str, file: str = "alerts/tests/a.yaml") -> Outcome:
    """The outcome of a test that took a quarter of a second."""
    return Outcome(RuleTest(Path(file), 7, name, 0, [], []), differences, 0.25)


def read(document: bytes) -> ET.Element:
    """The root of a document of ours."""
    return ET.fromstring(document)  # noqa: S314 - nobody else wrote it


def test_each_file_is_a_suite_and_each_test_a_case() -> None:
    """Suites and the whole count their tests and failures; a failure says all that differs."""
    outcomes = [an_outcome("good"), an_outcome("bad", "one", "  two"), an_outcome("good", file="b.yml")]
    root = read(junit_xml(outcomes))
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0", "time": "0.750"}
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [
        ("alerts/tests/a.yaml", "1"),
        ("b.yml", "0"),
    ]
    bad = root[0][1]
    assert bad.attrib == {
        "classname": "alerts.tests.a",
        "name": "bad",
        "file": "alerts/tests/a.yaml",
        "line": "7",
        "time": "0.250",
    }
    [failure] = bad
    assert (failure.tag, failure.get("message"), failure.text) == ("failure", "one", "one\n  two")


def test_mistakes_are_errors() -> None:
    """A CI system sees them also where no test was run."""
    root = read(junit_xml([], [Mistake(Path("a.yaml"), 3, "tests nothing")]))
    assert (root.get("tests"), root.get("errors")) == ("1", "1")
    [error] = root[0][0]
    assert (error.tag, error.get("message")) == ("error", "tests nothing")


def test_any_text_makes_a_document() -> None:
    """What XML cannot hold is left out of it."""
    root = read(junit_xml([an_outcome('<\x00&\ud800">', "\x1b[31m\uffff")]))
    assert root[0][0].get("name") == '<\N{REPLACEMENT CHARACTER}&\N{REPLACEMENT CHARACTER}">'
