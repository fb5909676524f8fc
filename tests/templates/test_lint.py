"""cfn-lint: AWS's own schemas, for every stack in exactly the regions it goes to."""

import gc
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.rules import Match, Rules
from cfnlint.runner import Runner, run_template_by_data

from templates.config import load
from tests.support.generated import NAMES, Generated, build, in_private_mode

# W3697 says that Timestream for LiveAnalytics takes no new customers. That is known, and stands in the README.
KNOWN = {("W3697", "AWS::Timestream::Database"), ("W3697", "AWS::Timestream::Table")}


@cache
def rules() -> Rules:
    """The linter's rules, loaded once: they are some three hundred modules."""
    loaded = Runner(ConfigMixIn(include_checks=["I"])).rules
    assert len(loaded) > 250
    return loaded


def findings(body: Mapping[str, Any], regions: Sequence[str]) -> list[Match]:
    """All that the linter has to say of a template in these regions, hints as well."""
    template, errors = decode_str(json.dumps(body))
    assert not errors
    assert template is not None
    # The linter makes many objects and keeps them until it is done: looking for garbage takes a fifth of its time.
    gc.disable()
    try:
        config = ConfigMixIn(regions=list(regions), include_checks=["I"])
        return list(run_template_by_data(template, config, rules()))
    finally:
        gc.enable()


def test_stack_passes_in_its_regions(any_stack: Generated) -> None:
    """Not even a hint is left, but for the one notice that Timestream is in maintenance."""
    matches = findings(any_stack.body, any_stack.config.regions)
    assert [match for match in matches if not _known(match)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_passes_in_private_mode(name: str) -> None:
    """Whatever an environment says besides, its functions may be given a network in any of its regions."""
    config = in_private_mode(load(name))
    for stack in ("regional", "fleet"):
        matches = findings(build(stack, config).body, config.regions)
        assert [match for match in matches if not _known(match)] == [], stack


def test_the_linter_finds_what_is_wrong(to_regions: Generated) -> None:
    """A property that AWS does not know, and a region without Timestream, are found: the check above can fail."""
    buckets = {
        title: part for title, part in to_regions.resources.items() if part["Type"] == "AWS::S3::Bucket"
    }
    stores = {title: part for title, part in to_regions.resources.items() if "Timestream" in part["Type"]}
    broken = json.loads(json.dumps({**to_regions.body, "Resources": buckets | stores}))
    broken["Resources"][min(buckets)]["Properties"]["Colour"] = "blue"
    found = {match.rule.id for match in findings(broken, ["eu-north-1"])}
    assert "E3002" in found
    timestream = to_regions.config.store.kind == "timestream"
    assert ("E3006" in found) == (to_regions.stack == "regional" and timestream)


def _known(match: Match) -> bool:
    return any(match.rule.id == rule and f"'{kind}'" in match.message for rule, kind in KNOWN)
