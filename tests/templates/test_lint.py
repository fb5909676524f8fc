"""cfn-lint: AWS's own schemas, for every stack in exactly the regions it goes to."""

import json
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from templates.config import load
from tests.support.generated import NAMES, Generated, build, in_private_mode

# W3697 says that Timestream for LiveAnalytics takes no new customers. That is known, and stands in the README.
KNOWN = {("W3697", "AWS::Timestream::Database"), ("W3697", "AWS::Timestream::Table")}


def test_stack_passes_in_its_regions(any_stack: Generated) -> None:
    """Not even a hint is left, but for the one notice that Timestream is in maintenance."""
    arguments = ManualArgs(regions=list(any_stack.config.regions), include_checks=["I"])
    matches = lint(json.dumps(any_stack.body), config=arguments)
    assert [match for match in matches if not _known(match)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_passes_in_private_mode(name: str) -> None:
    """Whatever an environment says besides, its functions may be given a network in any of its regions."""
    config = in_private_mode(load(name))
    arguments = ManualArgs(regions=list(config.regions), include_checks=["I"])
    for stack in ("regional", "fleet"):
        matches = lint(json.dumps(build(stack, config).body), config=arguments)
        assert [match for match in matches if not _known(match)] == [], stack


def test_the_linter_finds_what_is_wrong(to_regions: Generated) -> None:
    """A property that AWS does not know, and a region without Timestream, are found: the check above can fail."""
    broken = json.loads(json.dumps(to_regions.body))
    bucket = next(part for part in broken["Resources"].values() if part["Type"] == "AWS::S3::Bucket")
    bucket["Properties"]["Colour"] = "blue"
    matches = lint(json.dumps(broken), config=ManualArgs(regions=["eu-north-1"]))
    rules = {match.rule.id for match in matches}
    assert "E3002" in rules
    assert ("E3006" in rules) == (to_regions.stack == "regional")


def _known(match: Any) -> bool:
    return any(match.rule.id == rule and f"'{kind}'" in match.message for rule, kind in KNOWN)
