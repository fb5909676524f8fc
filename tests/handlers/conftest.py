"""State of AWS for handlers: moto for DynamoDB and S3, the fake for Timestream."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.support.alert_functions import AlertFunctions
from tests.support.fake_timestream import FakeTimestream
from tests.support.function_resources import BUCKET, HOURS, REGISTRY


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of a handler can reach an account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def aws() -> Iterator[None]:
    """The tables of dimension names and of export hours, and the quarantine's bucket."""
    with mock_aws():
        for table, key in ((REGISTRY, "table_name"), (HOURS, "id")):
            boto3.client("dynamodb").create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


@pytest.fixture
def timestream() -> FakeTimestream:
    """An empty table."""
    return FakeTimestream()


@pytest.fixture
def world() -> Iterator[AlertFunctions]:
    """The functions of the alerts before their first invocation, over empty tables."""
    with mock_aws():
        yield AlertFunctions()
