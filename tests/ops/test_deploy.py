"""Publishing and deploying: which commands the AWS CLI is given, and when none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from ops import deploy, stack
from ops.__main__ import main
from ops.stack import Target
from templates.config import load
from templates.config.network import Network

BUCKET = "metrics-dev-artifacts-bucket"


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, str]]]:
    """Outputs by stack: the artifacts stack and its bucket are there, and an `aws` that does nothing."""
    fake = tmp_path / "aws"
    fake.symlink_to("/bin/true")
    monkeypatch.setattr(deploy, "_AWS", fake)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    outputs = {"metrics-dev-artifacts": {"BucketName": BUCKET}}
    monkeypatch.setattr(Target, "outputs", lambda target: outputs[target.stack_name])
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield outputs


def commands(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The commands as they were shown to the operator."""
    return [line[2:].split() for line in capsys.readouterr().out.splitlines() if line.startswith("$ ")]


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
    digest = second[-1].removeprefix(f"s3://{BUCKET}/functions/").removesuffix(".zip")
    assert len(digest) == 64
    assert second[-2] == f"build/functions-{digest[:16]}.zip"


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
    key = commands(capsys)[1][-1].removeprefix(f"s3://{BUCKET}/")
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=BUCKET, Key=key, Body=b"zip")
    stacks["metrics-dev"] = {"IngestUrl": "https://example.com/metrics"}
    assert main(["deploy", "--region", "us-east-1"]) == 0
    shown = capsys.readouterr().out
    assert f"CodeBucket={BUCKET} CodeKey={key}" in shown
    assert "--s3-bucket" in shown
    assert "https://example.com/metrics" in shown


def test_deploy_passes_the_private_networks_parameters(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In private mode the region's range, cells and prefix lists go with the code."""
    assert main(["publish", "--region", "us-east-1"]) == 0
    key = commands(capsys)[1][-1].removeprefix(f"s3://{BUCKET}/")
    boto3.client("s3", region_name="us-east-1").put_object(Bucket=BUCKET, Key=key, Body=b"zip")
    stacks["metrics-dev"] = {}
    own = {name: {"us-east-1": "cell7"} for name in ("ingest_cell", "query_cell")}
    lists = {name: {"us-east-1": "pl-00000001"} for name in ("s3_prefix_list", "dynamodb_prefix_list")}
    network = Network(mode="private", cidr={"us-east-1": "10.9.0.0/16"}, **own, **lists)
    private = replace(load("dev"), network=network)
    monkeypatch.setattr(stack, "settings", lambda _: private)
    assert main(["deploy", "--region", "us-east-1"]) == 0
    shown = capsys.readouterr().out
    assert "VpcCidr=10.9.0.0/16 TimestreamIngestCell=cell7" in shown


def test_a_region_outside_the_environment_is_refused(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A region that the environment's file does not list, and so nobody checked, gets no stack."""
    assert main(["publish", "--region", "eu-west-1"]) == 1
    assert "environments/dev.toml" in capsys.readouterr().err


def test_a_failing_aws_command_ends_the_deployment(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the AWS CLI fails, nothing after it runs, and the exit status says so."""
    monkeypatch.setattr(deploy, "_AWS", Path("/bin/false"))
    assert main(["publish", "--region", "us-east-1"]) == 1
    shown = capsys.readouterr()
    assert len([line for line in shown.out.splitlines() if line.startswith("$ ")]) == 1
    assert "status 1" in shown.err
