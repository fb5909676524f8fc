"""The stream of a table as an event source, over moto's protocol."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import SourceUnavailableError
from emulator.lambda_.event_source_mapping.table_stream import TableStreamSource

TABLE = {
    "TableName": "rules",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


@pytest.fixture
def source() -> Iterator[tuple[Any, TableStreamSource]]:
    """A table, and its stream from the beginning."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        arn = client.create_table(**TABLE)["TableDescription"]["LatestStreamArn"]
        config = MappingConfig(
            "Mapping", "uuid", "function", arn, 100, 1, 1, True, True, 3, 600, "TRIM_HORIZON", None, None
        )
        yield (
            client,
            TableStreamSource(
                config, endpoint_url="https://streams.dynamodb.us-east-1.amazonaws.com", region="us-east-1"
            ),
        )


def test_changes_come_in_order_with_both_images(source: tuple[Any, TableStreamSource]) -> None:
    """An insertion, a change and a deletion look as Lambda shows them."""
    client, stream = source
    key = {"id": {"S": "a"}}
    client.put_item(TableName="rules", Item={**key, "n": {"N": "1"}})
    client.put_item(TableName="rules", Item={**key, "n": {"N": "2"}, "b": {"B": b"\x00"}})
    client.delete_item(TableName="rules", Key=key)
    [shard] = stream.shards()
    page = stream.read(shard, stream.position(shard, None))
    events = [json.loads(record.event) for record in page.records]
    assert [event["eventName"] for event in events] == ["INSERT", "MODIFY", "REMOVE"]
    assert [sorted(set(event["dynamodb"]) & {"OldImage", "NewImage"}) for event in events] == [
        ["NewImage"],
        ["NewImage", "OldImage"],
        ["OldImage"],
    ]
    assert events[1]["dynamodb"]["NewImage"]["b"] == {"B": "AA=="}
    assert {event["eventSource"] for event in events} == {"aws:dynamodb"}
    assert {record.partition_key for record in page.records} == {'{"id": {"S": "a"}}'}
    sequences = [int(record.sequence) for record in page.records]
    assert sequences == sorted(sequences)


def test_reading_goes_on_where_it_stopped(source: tuple[Any, TableStreamSource]) -> None:
    """Nothing is read twice, and an empty read means that all was read."""
    client, stream = source
    [shard] = stream.shards()
    position = stream.position(shard, None)
    assert stream.read(shard, position).caught_up
    client.put_item(TableName="rules", Item={"id": {"S": "a"}})
    page = stream.read(shard, position)
    assert (len(page.records), page.caught_up) == (1, False)
    assert page.next_position is not None
    assert stream.read(shard, page.next_position).records == []


def test_a_stream_that_does_not_answer_is_tried_again_later() -> None:
    """A refused read is no end of the mapping."""
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/rules/stream/x"
    config = MappingConfig(
        "Mapping", "uuid", "function", arn, 100, 1, 1, True, True, 3, 600, "TRIM_HORIZON", None, None
    )
    stream = TableStreamSource(config, endpoint_url="http://127.0.0.1:1", region="us-east-1")
    with pytest.raises(SourceUnavailableError):
        stream.read("shard", "iterator")
