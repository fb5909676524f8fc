"""`ops deploy`: which commands the AWS CLI is given, and when none."""

import boto3
import pytest

from ops.__main__ import main
from tests.support.deploy_commands import CODE_BUCKET, commands


def test_deploy_refuses_code_that_was_not_uploaded(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the object under the code's digest nothing is deployed, and the operator learns what to run."""
    assert main(["deploy", "--region", "us-east-1"]) == 1
    shown = capsys.readouterr()
    assert "make publish" in shown.err
    assert "$ aws" not in shown.out


def test_deploy_passes_the_code_that_was_uploaded(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The regional stack gets the bucket and the key of the code, and its outputs are shown."""
    assert main(["publish", "--region", "us-east-1"]) == 0
    key = commands(capsys)[1][-1].removeprefix(f"s3://{CODE_BUCKET}/")
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=CODE_BUCKET, Key=key, Body=b"zip")
    stacks["metrics-dev"] = {"IngestUrl": "https://example.com/metrics"}
    assert main(["deploy", "--region", "us-east-1"]) == 0
    shown = capsys.readouterr().out
    assert f"CodeBucket={CODE_BUCKET} CodeKey={key}" in shown
    assert "--s3-bucket" in shown
    assert "https://example.com/metrics" in shown
