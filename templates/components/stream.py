"""The data stream: every request is one record on it."""

from dataclasses import dataclass

from awacs import kinesis
from awacs.aws import Statement
from troposphere import Ref, Template
from troposphere.kinesis import Stream as KinesisStream
from troposphere.kinesis import StreamEncryption, StreamModeDetails

from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.alarms import Alarm
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import DELETED
from templates.constructs.policy import actions, allow

# That consumers read more than a shard gives is told by their own lateness.
ALARMS = (
    Alarm(
        "WriteThrottled",
        "WriteProvisionedThroughputExceeded",
        "Sum",
        1,
        "Kinesis refused records, so clients saw 503. Two times in five minutes is more than one burst that a "
        "client's retry absorbs: add shards, or look for one client's flood.",
        periods=5,
        datapoints=2,
        warning=True,
    ),
)


@dataclass(frozen=True)
class Stream:
    """The stream, and the grants of those that write to it and read from it."""

    resource: KinesisStream
    key: Key

    def put(self) -> list[Statement]:
        """The grant to put single records."""
        return [
            allow([kinesis.PutRecord], [self.resource.get_att("Arn")], Sid="PutRecord"),
            self.key.encrypt("kinesis"),
        ]

    def read(self) -> list[Statement]:
        """The grant to read, as an event source mapping does with the function's role."""
        read = actions(
            "kinesis", "DescribeStream DescribeStreamSummary GetRecords GetShardIterator ListShards"
        )
        return [allow(read, [self.resource.get_att("Arn")], Sid="ReadStream"), self.key.decrypt("kinesis")]


def add_stream(template: Template, config: Config, platform: Platform) -> Stream:
    """An encrypted stream. It goes with its stack: what it holds is on its way, not at rest."""
    shards = {} if config.stream.shards is None else {"ShardCount": config.stream.shards}
    stream = template.add_resource(
        KinesisStream(
            "Stream",
            **DELETED,
            RetentionPeriodHours=config.stream.retention_hours,
            MaxRecordSizeInKiB=config.stream.max_record_kib,
            StreamModeDetails=StreamModeDetails(StreamMode=config.stream.mode.replace("-", "_").upper()),
            StreamEncryption=StreamEncryption(EncryptionType="KMS", KeyId=platform.key.arn),
            **shards,
        )
    )
    platform.runtime.watch(template, "Stream", ALARMS, "AWS/Kinesis", StreamName=Ref(stream))
    add_outputs(template, ("StreamName", Ref(stream), "The Kinesis data stream of accepted requests"))
    return Stream(stream, platform.key)
