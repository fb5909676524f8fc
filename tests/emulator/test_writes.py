"""Word of writes through the endpoint."""

import pytest

from emulator.aws_request import AwsRequest
from emulator.writes import Writes


@pytest.mark.parametrize(
    ("service", "target", "told"),
    [
        ("kinesis", "Kinesis_20131202.PutRecord", ["kinesis"]),
        ("kinesis", "Kinesis_20131202.GetRecords", []),
        ("dynamodb", "DynamoDB_20120810.TransactWriteItems", ["dynamodb"]),
        ("dynamodb", "DynamoDB_20120810.BatchWriteItem", ["dynamodb"]),
        ("dynamodb", "DynamoDB_20120810.BatchGetItem", []),
        ("sqs", "AmazonSQS.SendMessage", []),
    ],
)
def test_writes_to_streams_and_tables_are_told_to_who_listens(
    service: str, target: str, told: list[str]
) -> None:
    """By the service's name, and to nobody who has stopped listening; reads are nobody's concern."""
    scope = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, SignedHeaders=a"
    request = AwsRequest("POST", "/", (("X-Amz-Target", target), ("Authorization", scope)), b"{}")
    writes, heard, left = Writes(), list[str](), list[str]()
    writes.add(heard.append)
    forget = writes.add(left.append)
    forget()
    writes.note(request)
    assert (heard, left) == (told, [])
