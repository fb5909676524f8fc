"""The on-failure destination: an object in a bucket for each batch that was given up, its payload included.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from emulator.client import local_client
from emulator.clock import Clock
from emulator.iam.credentials import OPERATOR, Credentials
from emulator.lambda_.event_source_mapping.batch import Discarded
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import EventSource, event_of


class Destination(Protocol):
    """The receiver of records that were given up."""

    def send(self, shard: str, discarded: Discarded) -> None:
        """Deliver an invocation record for these records of a shard."""


class BucketDestination:
    """Puts invocation records into a bucket of the local endpoint."""

    def __init__(
        self,
        config: MappingConfig,
        source: EventSource,
        *,
        function_arn: str,
        clock: Clock,
        endpoint_url: str,
        region: str,
        caller: Credentials = OPERATOR,
    ) -> None:
        self._config = config
        self._source = source
        self._function_arn = function_arn
        self._clock = clock
        self._bucket = (config.destination_arn or "").rpartition(":")[2]
        self._client = local_client("s3", endpoint_url=endpoint_url, region=region, attempts=3, caller=caller)

    def send(self, shard: str, discarded: Discarded) -> None:
        """Deliver the record; botocore's errors mean that it was not delivered."""
        record = self._record(shard, discarded)
        record["payload"] = event_of(discarded.records).decode()
        self._client.put_object(Bucket=self._bucket, Key=self._key(shard), Body=json.dumps(record).encode())

    def _key(self, shard: str) -> str:
        now = self._clock.utcnow()
        return f"aws/lambda/{self._config.uuid}/{shard}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"

    def _record(self, shard: str, discarded: Discarded) -> dict[str, Any]:
        records = discarded.records
        response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
        if discarded.result is not None and discarded.result.function_error is not None:
            response["functionError"] = discarded.result.function_error
        record: dict[str, Any] = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._function_arn,
                "condition": discarded.condition,
                "approximateInvokeCount": discarded.invocations,
            },
            "responseContext": response,
            "version": "1.0",
            "timestamp": _iso(self._clock.now()),
        }
        batch: Mapping[str, Any] = {
            "shardId": shard,
            "startSequenceNumber": records[0].sequence,
            "endSequenceNumber": records[-1].sequence,
            "approximateArrivalOfFirstRecord": _iso(records[0].arrival_s),
            "approximateArrivalOfLastRecord": _iso(records[-1].arrival_s),
            "batchSize": len(records),
            "streamArn": self._source.arn,
        }
        return {**record, self._source.batch_info_key: batch}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
