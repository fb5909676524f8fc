"""`ops deploy`: which commands the AWS CLI is given, and when none."""

import hashlib

import boto3
import pytest

from ops import change_set, stack
from ops.__main__ import main
from ops.stack import Target
from tests.support.deploy_commands import CODE_BUCKET, commands
from tests.support.fleet_account import Answering


def test_deploy_refuses_code_that_was_not_uploaded(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the object under the code's digest nothing is deployed, and the operator learns what to run."""
    assert main(["deploy", "--region", "us-east-1", "--open"]) == 1
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
    assert main(["deploy", "--region", "us-east-1", "--open"]) == 0
    shown = capsys.readouterr().out
    assert f"CodeBucket={CODE_BUCKET} CodeKey={key}" in shown
    assert "--s3-bucket" in shown
    assert "https://example.com/metrics" in shown


def test_deploy_looks_for_obstacles_first(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A database that an earlier pipeline left behind is found, with the command that takes it back."""
    boto3.client("timestream-write", region_name="us-east-1").create_database(DatabaseName="metrics_dev")
    for command in (["publish"], ["deploy", "--open"]):
        assert main([*command, "--region", "us-east-1"]) == 1
        shown = capsys.readouterr()
        assert "before anything is made: us-east-1 keeps the data of an earlier pipeline" in shown.err
        assert "python -m ops fleet import --environment dev --region us-east-1" in shown.err
        assert "$ aws" not in shown.out


def test_more_executions_than_lambda_can_reserve_are_said_before_they_are_asked_for(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """prod reserves a hundred, and a new account has no more than ten to give."""
    new_account = Answering("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": 10}})
    client = stack.client
    monkeypatch.setattr(
        stack,
        "client",
        lambda service, region: new_account if service == "lambda" else client(service, region),
    )
    stacks["metrics-prod-artifacts"] = {"BucketName": CODE_BUCKET}
    assert main(["deploy", "--environment", "prod", "--region", "us-east-1"]) == 1
    assert "Lambda can reserve 0 executions in us-east-1, writer.reserved_concurrency asks for 100" in (
        capsys.readouterr().err
    )


def test_a_region_of_the_fleet_is_left_to_the_fleet(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stack has a name of CloudFormation's; a second one beside it would ask for the same names."""
    monkeypatch.setattr(Target, "stack", lambda _: {"StackName": "StackSet-metrics-dev-regional-1"})
    assert main(["deploy", "--region", "us-east-1", "--open"]) == 1
    assert "us-east-1 has the fleet's stack StackSet-metrics-dev-regional-1: make rollout ENV=dev" in (
        capsys.readouterr().err
    )


CHANGES = [
    {
        "Action": "Add",
        "LogicalResourceId": "New",
        "ResourceType": "AWS::SNS::Topic",
        "Scope": [],
        "Details": [],
    },
    {
        "Action": "Modify",
        "LogicalResourceId": "Same",
        "ResourceType": "AWS::Lambda::Function",
        "Replacement": "False",
        "Details": [
            {"Target": {"Attribute": "Properties", "Name": "Code"}},
            {"Target": {"Attribute": "Properties", "Name": "Code"}},
            {"Target": {"Attribute": "Tags"}},
        ],
    },
    {
        "Action": "Modify",
        "LogicalResourceId": "Other",
        "ResourceType": "AWS::Kinesis::Stream",
        "Replacement": "True",
        "PolicyAction": "ReplaceAndDelete",
        "Details": [{"Target": {"Attribute": "Properties", "Name": "Name", "Path": "/Properties/Name"}}],
    },
    {
        "Action": "Remove",
        "LogicalResourceId": "Gone",
        "ResourceType": "AWS::S3::Bucket",
        "PolicyAction": "Retain",
        "Details": [],
    },
]


def test_a_diff_shows_what_is_lost_first_and_changes_nothing(
    stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template goes to the bucket, for a change set to read; no command of the AWS CLI runs, no door is asked."""
    asked: list[tuple[str, str]] = []

    def preview(
        _client: object, name: str, body: dict[str, object], url: str, parameters: dict[str, str]
    ) -> object:
        asked.append((name, url))
        assert set(parameters) <= body["Parameters"].keys()  # type: ignore[attr-defined]
        return CHANGES

    monkeypatch.setattr(change_set, "preview", preview)
    assert main(["deploy", "--region", "us-east-1", "--diff"]) == 0
    shown, said = capsys.readouterr()
    assert said.endswith("nothing was changed in metrics-dev in us-east-1\n")
    assert [line.split() for line in shown.splitlines()] == [
        ["action", "logical", "id", "type", "replaced", "what", "of", "it"],
        ["Remove", "Gone", "AWS::S3::Bucket", "Retain"],
        ["Modify", "Other", "AWS::Kinesis::Stream", "yes", "ReplaceAndDelete,", "/Properties/Name"],
        ["Modify", "Same", "AWS::Lambda::Function", "Code,", "Tags"],
        ["Add", "New", "AWS::SNS::Topic"],
        ["(4", "changes)"],
    ]
    [(name, url)] = asked
    key = url.removeprefix(f"https://{CODE_BUCKET}.s3.us-east-1.amazonaws.com/")
    stored = (
        boto3.client("s3", region_name="us-east-1").get_object(Bucket=CODE_BUCKET, Key=key)["Body"].read()
    )
    assert (name, hashlib.sha256(stored).hexdigest()) == ("metrics-dev", key.split("/")[1].split(".")[0])
