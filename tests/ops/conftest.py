"""An account to roll out to, production's settings, and a deployment with empty tables."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops import aws_cli, change_set, local_run, rollout, rule_notes, stack, where
from ops.stack import NoStackError, Target
from ops.where import Place
from templates.config import Config, load
from tests.support.alert_tables import ALERTS, RULES, SILENCES, WINDOWS, create_alert_tables
from tests.support.aws_cli_parser import complaint
from tests.support.deploy_commands import CODE_BUCKET
from tests.support.fleet_account import REGIONS, Account, Answering


@pytest.fixture(autouse=True)
def _aws_commands_are_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test makes `ops` compose for the AWS CLI, the AWS CLI takes."""
    join, composed = shlex.join, []

    def remember(words: Iterable[str]) -> str:
        composed.append(tuple(words))
        return join(composed[-1])

    monkeypatch.setattr(shlex, "join", remember)
    yield
    monkeypatch.undo()
    assert not [said for name, *words in composed if name == "aws" and (said := complaint(*words))]


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are at a place where they need not ask, and no local run of this machine is found."""
    monkeypatch.delenv("TIDEGAUGE_ENVIRONMENT", raising=False)
    monkeypatch.setattr(where, "place", lambda _: Place("a test's account", local=True))
    monkeypatch.setattr(local_run, "adopt", lambda *_: None)
    monkeypatch.setattr(local_run, "others", lambda *_: [])


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account in which nothing is deployed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(change_set, "POLL_SECONDS", 0)
    made = Account(tmp_path)
    monkeypatch.setattr(rollout, "build_lambda", made.bundle)
    monkeypatch.setattr(stack, "client", made.client)
    with mock_aws():
        roomy = {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}
        made.instead = {("lambda", region): Answering("get_account_settings", roomy) for region in REGIONS}
        roles = {"SummaryMap": {"Roles": 10, "RolesQuota": 1000}}
        made.instead["iam", "us-east-1"] = Answering("get_account_summary", roles)
        yield made


@pytest.fixture
def prod() -> Config:
    """Production: four regions, one after the other, a canary, no tolerance."""
    return load("prod")


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack whose outputs name empty tables."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    outputs = {
        "RulesTableName": RULES, "AlertsTableName": ALERTS, "AlertWindowsTableName": WINDOWS,
        "AlertSilencesTableName": SILENCES,
        "DimensionsTableName": "dimensions", "TableName": "metrics",
    }  # fmt: skip
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    monkeypatch.setattr(rule_notes, "arriving_metrics", lambda _target, names: names - {"cpu.silent"})
    with mock_aws():
        create_alert_tables()
        boto3.client("dynamodb").create_table(
            TableName="dimensions",
            KeySchema=[{"AttributeName": "table_name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "table_name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, str]]]:
    """Outputs by stack: the artifacts stack and its bucket are there, and an `aws` that does nothing."""
    fake = tmp_path / "aws"
    fake.symlink_to("/bin/true")
    monkeypatch.setattr(aws_cli, "_AWS", fake)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    outputs = {"metrics-dev-artifacts": {"BucketName": CODE_BUCKET}}

    def described(target: Target) -> dict[str, Any]:
        if target.stack_name not in outputs:
            raise NoStackError(f"no stack {target.stack_name}")
        pairs = outputs[target.stack_name].items()
        found = [{"OutputKey": key, "OutputValue": value} for key, value in pairs]
        return {"StackName": target.stack_name, "Outputs": found}

    monkeypatch.setattr(Target, "stack", described)
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=CODE_BUCKET)
        yield outputs
