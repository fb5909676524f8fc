"""The AWS CLI as commands use it."""

from pathlib import Path

import pytest

from ops import aws_cli
from ops.__main__ import main


def test_a_failing_aws_command_ends_the_deployment(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the AWS CLI fails, nothing after it runs, and the exit status says so."""
    monkeypatch.setattr(aws_cli, "_AWS", Path("/bin/false"))
    assert main(["publish", "--region", "us-east-1"]) == 1
    shown = capsys.readouterr()
    assert len([line for line in shown.out.splitlines() if line.startswith("$ aws")]) == 1
    assert "status 1" in shown.err
