"""checkov's security rules over the generated templates, run without network; every exception has its reason."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from templates.config import load
from templates.stacks import STACKS
from tests.support.generated import in_private_mode

ROOT = Path(__file__).resolve().parents[2]
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
EXCEPTIONS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("exceptions.toml").read_text(encoding="utf-8")
)["exception"]


class Finding(NamedTuple):
    """A check that a resource of a stack fails."""

    stack: str
    check: str
    resource: str


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """The findings in the stacks of dev, of prod, of prod in the private network, and of the lake."""
    folder = tmp_path_factory.mktemp("templates")
    configs = {"dev": load("dev"), "prod": load("prod"), "private": in_private_mode(load("prod"))}
    configs["lake"] = load("lake")
    for environment, config in configs.items():
        for stack, build in STACKS.items():
            (folder / f"{environment} {stack}.json").write_text(build(config).to_json())
    done = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation"),
            # Without the first of these it asks its makers' server for texts and severities.
            *("--skip-download", "--compact", "--quiet", "--output", "json"),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "BC_SKIP_MAPPING": "TRUE"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 500
    assert report["summary"]["resource_count"] > 400
    return [
        Finding(Path(one["file_path"]).stem, one["check_id"], one["resource"])
        for one in report["results"]["failed_checks"]
    ]


def covering(finding: Finding) -> Iterable[int]:
    """The positions of the exceptions that cover a finding."""
    return (
        number
        for number, one in enumerate(EXCEPTIONS)
        if one["check"] == finding.check
        and any(fnmatchcase(finding.resource, pattern) for pattern in one["resources"])
        and finding.stack in one.get("stacks", [finding.stack])
    )


def test_every_finding_is_mended_or_has_a_reason(findings: list[Finding]) -> None:
    """What checkov finds is in the table of exceptions, for that resource."""
    assert [finding for finding in findings if not list(covering(finding))] == []


def test_every_exception_is_needed(findings: list[Finding]) -> None:
    """An exception, or a pattern or stack of one, that no longer covers anything is taken out."""
    covered = {number for finding in findings for number in covering(finding)}
    assert [EXCEPTIONS[number] for number in range(len(EXCEPTIONS)) if number not in covered] == []
    for one in EXCEPTIONS:
        mine = [finding for finding in findings if finding.check == one["check"]]
        for pattern in one["resources"]:
            assert any(fnmatchcase(finding.resource, pattern) for finding in mine), pattern
        for stack in one.get("stacks", ()):
            assert stack in {finding.stack for finding in mine}, stack


def test_every_exception_has_a_reason() -> None:
    """A sentence, at least."""
    for one in EXCEPTIONS:
        assert one.keys() <= {"check", "resources", "stacks", "reason"}
        assert len(one["reason"]) > 40, one
