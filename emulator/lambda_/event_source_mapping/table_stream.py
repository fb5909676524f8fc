"""Streams of DynamoDB tables as an event source."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.client import local_client
from emulator.iam.credentials import OPERATOR, Credentials
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import Page, SourceRecord, call

_READ_LIMIT = 500


class TableStreamSource:
    """The changes of one table. Its one shard never ends: moto keeps a table's stream in one piece."""

    batch_info_key = "DDBStreamBatchInfo"

    def __init__(
        self, config: MappingConfig, *, endpoint_url: str, region: str, caller: Credentials = OPERATOR
    ) -> None:
        self._config = config
        self._region = region
        self._client = local_client(
            "dynamodbstreams", endpoint_url=endpoint_url, region=region, caller=caller
        )

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return self._config.source_arn

    def shards(self) -> Sequence[str]:
        """The shard."""
        answer = call(self._client, "describe_stream", self.arn, StreamArn=self.arn)
        return [shard["ShardId"] for shard in answer["StreamDescription"]["Shards"]]

    def position(self, shard: str, after: str | None) -> str:
        """A shard iterator."""
        arguments: dict[str, Any] = {"ShardIteratorType": self._config.starting_position}
        if after is not None:
            arguments = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        answer = call(
            self._client, "get_shard_iterator", self.arn, StreamArn=self.arn, ShardId=shard, **arguments
        )
        return str(answer["ShardIterator"])

    def read(self, shard: str, position: str) -> Page:
        """The next changes; moto's one shard needs no name here."""
        del shard
        answer = call(self._client, "get_records", self.arn, ShardIterator=position, Limit=_READ_LIMIT)
        records = [self._record(item) for item in answer["Records"]]
        return Page(records, answer.get("NextShardIterator"), caught_up=not records)

    def finished(self, shard: str) -> None:
        """Take note of nothing: the shard has no children."""

    def _record(self, item: Mapping[str, Any]) -> SourceRecord:
        """A change in the shape of https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html."""
        change = dict(item["dynamodb"])
        made = change["ApproximateCreationDateTime"].timestamp()
        change["ApproximateCreationDateTime"] = int(made)
        event = {
            "eventID": item["eventID"],
            "eventName": item["eventName"],
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self._region,
            "dynamodb": change,
            "eventSourceARN": self.arn,
        }
        text = json.dumps(event, separators=(",", ":"), default=_binary)
        key = json.dumps(change["Keys"], sort_keys=True, default=_binary)
        return SourceRecord(change["SequenceNumber"], key, made, text.encode())


def _binary(value: bytes) -> str:
    return base64.b64encode(value).decode()
