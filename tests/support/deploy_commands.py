"""Commands that the AWS CLI is given, and the bucket of the artifacts stack that they are given with."""

import pytest

CODE_BUCKET = "metrics-dev-artifacts-bucket"


def commands(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The AWS CLI's commands as they were shown to the operator."""
    return [line[2:].split() for line in capsys.readouterr().out.splitlines() if line.startswith("$ aws ")]
