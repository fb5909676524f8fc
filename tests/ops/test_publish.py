"""`ops publish`: which commands the AWS CLI is given."""

import pytest

from ops.__main__ import main
from tests.support.deploy_commands import CODE_BUCKET, commands


def test_publish_makes_the_bucket_before_it_uploads(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The artifacts stack comes first, then the code under a key that is the digest of its content."""
    assert main(["publish", "--region", "us-east-1"]) == 0
    first, second = commands(capsys)
    assert first[:3] == ["aws", "cloudformation", "deploy"]
    assert "metrics-dev-artifacts" in first
    assert "build/dev/artifacts.template.json" in first
    assert second[:3] == ["aws", "s3", "cp"]
    digest = second[-1].removeprefix(f"s3://{CODE_BUCKET}/functions/").removesuffix(".zip")
    assert len(digest) == 64
    assert second[-2] == f"build/functions-{digest[:16]}.zip"


def test_every_command_of_a_publication_is_shown(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also those that are Python: whoever types them gets the same."""
    assert main(["publish", "--region", "us-east-1"]) == 0
    shown = [line.split()[1:4] for line in capsys.readouterr().out.splitlines() if line.startswith("$ ")]
    assert shown == [
        ["python", "generate.py", "--environment"],
        ["aws", "cloudformation", "deploy"],
        ["python", "-m", "ops"],
        ["aws", "s3", "cp"],
    ]


def test_a_region_outside_the_environment_is_refused(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A region that the environment's file does not list, and so was not checked, gets no stack."""
    assert main(["publish", "--region", "eu-west-1"]) == 1
    assert "environments/dev.toml" in capsys.readouterr().err
