"""Queues and their policies."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, tags_as_map

_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def _queue(context: Context, properties: Properties) -> Created:
    name = properties.text("QueueName", context.name(properties.logical_id, longest=80))
    attributes = {key: _attribute(value) for key, value in properties.subset(*_ATTRIBUTES).items()}
    url = context.client("sqs").create_queue(
        QueueName=name, Attributes=attributes, tags=tags_as_map(properties.get("Tags"))
    )["QueueUrl"]
    return Created(url, {"Arn": context.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _queue_policy(context: Context, properties: Properties) -> Created:
    policy = json.dumps(properties.require("PolicyDocument"))
    for queue in properties.require("Queues"):
        context.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return Created(context.name(properties.logical_id))


def _attribute(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


PROVISIONERS = {"AWS::SQS::Queue": _queue, "AWS::SQS::QueuePolicy": _queue_policy}
