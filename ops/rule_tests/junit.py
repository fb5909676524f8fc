"""Outcomes of tests as JUnit's XML, which CI systems read: a suite for each file."""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from ops.output import sanitize
from ops.rule_files import Mistake
from ops.rule_tests.running import Outcome


def junit_xml(outcomes: Sequence[Outcome], mistakes: Sequence[Mistake] = ()) -> bytes:
    """The document: a case for each test, a failure for each that failed, an error for each mistake of a file."""
    root = ET.Element("testsuites")
    for file, some in groupby(outcomes, key=lambda one: one.test.file):
        suite = ET.SubElement(root, "testsuite", name=sanitize(str(file)))
        group = list(some)
        for outcome in group:
            case = _case(suite, str(file), outcome.test.name, outcome.test.line)
            case.set("time", f"{outcome.seconds:.3f}")
            if outcome.differences:
                failure = ET.SubElement(case, "failure", message=sanitize(outcome.differences[0]))
                failure.text = "\n".join(map(sanitize, outcome.differences))
        failures = sum(bool(one.differences) for one in group)
        _count(suite, len(group), failures, 0, sum(one.seconds for one in group))
    for file, wrong in groupby(mistakes, key=lambda one: one.file):
        suite = ET.SubElement(root, "testsuite", name=sanitize(str(file)))
        listed = list(wrong)
        for mistake in listed:
            case = _case(suite, str(file), f"line {mistake.line}", mistake.line)
            ET.SubElement(case, "error", message=sanitize(mistake.message))
        _count(suite, len(listed), 0, len(listed), 0.0)
    seconds = sum(one.seconds for one in outcomes)
    failures = sum(bool(one.differences) for one in outcomes)
    _count(root, len(outcomes) + len(mistakes), failures, len(mistakes), seconds)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ET.Element, file: str, name: str, line: int) -> ET.Element:
    classname = sanitize(file.removesuffix(".yaml").removesuffix(".yml").replace("/", "."))
    return ET.SubElement(
        suite, "testcase", classname=classname, name=sanitize(name), file=sanitize(file), line=str(line)
    )


def _count(suite: ET.Element, tests: int, failures: int, errors: int, seconds: float) -> None:
    counts = {"tests": tests, "failures": failures, "errors": errors}
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.set("time", f"{seconds:.3f}")
