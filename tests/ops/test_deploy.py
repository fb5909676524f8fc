"""`ops deploy`: which commands the AWS CLI is given, and when none."""

from dataclasses import replace

import boto3
import pytest

from ops import stack
from ops.__main__ import main
from templates.config import load
from templates.config.network import Network
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


def test_deploy_passes_the_private_networks_parameters(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In private mode the region's range, cells and prefix lists go with the code."""
    assert main(["publish", "--region", "us-east-1"]) == 0
    key = commands(capsys)[1][-1].removeprefix(f"s3://{CODE_BUCKET}/")
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=CODE_BUCKET, Key=key, Body=b"zip")
    stacks["metrics-dev"] = {}
    own = {name: {"us-east-1": "cell7"} for name in ("ingest_cell", "query_cell")}
    lists = {name: {"us-east-1": "pl-00000001"} for name in ("s3_prefix_list", "dynamodb_prefix_list")}
    network = Network(mode="private", cidr={"us-east-1": "10.9.0.0/16"}, **own, **lists)
    private = replace(load("dev"), network=network)
    monkeypatch.setattr(stack, "settings", lambda _: private)
    assert main(["deploy", "--region", "us-east-1"]) == 0
    shown = capsys.readouterr().out
    assert "VpcCidr=10.9.0.0/16 TimestreamIngestCell=cell7" in shown
