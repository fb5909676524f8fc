"""Kinesis data streams as an event source."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from emulator.direct_calls import CallError, DirectClient, DirectEndpoint
from emulator.iam.credentials import OPERATOR, Credentials
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import Page, SourceRecord, SourceUnavailableError

# Records in one read, of which the largest make 10 MB; a mapping's batch is filled from several.
_READ_LIMIT = 100


class KinesisSource:
    """The shards of one stream, read with the standard iterator."""

    batch_info_key = "KinesisBatchInfo"

    def __init__(
        self,
        config: MappingConfig,
        *,
        role_arn: str,
        endpoint_url: str,
        region: str,
        caller: Credentials = OPERATOR,
        endpoint: DirectEndpoint | None = None,
    ) -> None:
        self._config = config
        self._role_arn = role_arn
        self._region = region
        self._stream = config.source_arn.rpartition("/")[2]
        self._finished: set[str] = set()
        self._lock = threading.Lock()
        self._client = DirectClient(
            "kinesis",
            "Kinesis_20131202",
            endpoint_url=endpoint_url,
            region=region,
            caller=caller,
            endpoint=endpoint,
        )

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return self._config.source_arn

    def shards(self) -> Sequence[str]:
        """The shards whose parents were read to their end."""
        found: list[Mapping[str, Any]] = []
        arguments: dict[str, Any] = {"StreamName": self._stream}
        while True:
            answer = self._call("ListShards", **arguments)
            found.extend(answer["Shards"])
            if "NextToken" not in answer:
                break
            arguments = {"NextToken": answer["NextToken"]}
        known = {shard["ShardId"] for shard in found}
        with self._lock:
            finished = set(self._finished)
        return [
            shard["ShardId"]
            for shard in found
            if shard["ShardId"] not in finished
            and not ({shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} & (known - finished))
        ]

    def position(self, shard: str, after: str | None) -> str:
        """A shard iterator."""
        arguments: dict[str, Any] = {"ShardIteratorType": self._config.starting_position}
        if after is not None:
            arguments = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        elif self._config.starting_at_s is not None:
            arguments["Timestamp"] = self._config.starting_at_s
        answer = self._call("GetShardIterator", StreamName=self._stream, ShardId=shard, **arguments)
        return str(answer["ShardIterator"])

    def read(self, shard: str, position: str) -> Page:
        """Up to 100 records."""
        answer = self._call("GetRecords", ShardIterator=position, Limit=_READ_LIMIT)
        records = [self._record(shard, item) for item in answer["Records"]]
        caught_up = not records and not answer.get("MillisBehindLatest")
        return Page(records, answer.get("NextShardIterator"), caught_up)

    def finished(self, shard: str) -> None:
        """Let the children of a shard be read."""
        with self._lock:
            self._finished.add(shard)

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._client.call(operation, parameters)
        except CallError as error:
            raise SourceUnavailableError(f"{self._stream}: {error}") from error
        return answer

    def _record(self, shard: str, item: Mapping[str, Any]) -> SourceRecord:
        """A record in the shape of https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html."""
        arrival = round(item["ApproximateArrivalTimestamp"], 3)
        sequence = item["SequenceNumber"]
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": item["PartitionKey"],
                "sequenceNumber": sequence,
                "data": "",
                "approximateArrivalTimestamp": arrival,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{sequence}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role_arn,
            "awsRegion": self._region,
            "eventSourceARN": self.arn,
        }
        # orjson gives what it writes eight times the room of a text; the data, which is base64, is put in afterwards.
        before, empty, after = orjson.dumps(event).partition(b'"data":""')
        data = item["Data"].encode()
        return SourceRecord(
            sequence, item["PartitionKey"], arrival, b"".join((before, empty[:-1], data, b'"', after))
        )
