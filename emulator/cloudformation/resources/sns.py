"""Topics, their subscriptions and policies."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, policy_text

_TOPIC_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")
_SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy",
    "SubscriptionRoleArn",
)  # fmt: skip


def _topic(context: Context, properties: Properties) -> Created:
    client = context.client("sns")
    name = properties.text("TopicName", context.name(properties.logical_id, longest=256))
    attributes = {key: _attribute(value) for key, value in properties.subset(*_TOPIC_ATTRIBUTES).items()}
    arn = client.create_topic(Name=name, Attributes=attributes, Tags=properties.get("Tags", []))["TopicArn"]
    return Created(arn, {"TopicArn": arn, "TopicName": name})


def _subscription(context: Context, properties: Properties) -> Created:
    attributes = {
        key: _attribute(value) for key, value in properties.subset(*_SUBSCRIPTION_ATTRIBUTES).items()
    }
    properties.only("Region", context.region)
    arn = context.client("sns").subscribe(
        TopicArn=properties.text("TopicArn"),
        Protocol=properties.text("Protocol"),
        Endpoint=properties.text("Endpoint"),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"Arn": arn})


def _topic_policy(context: Context, properties: Properties) -> Created:
    policy = policy_text(properties, "PolicyDocument")
    for topic in properties.require("Topics"):
        context.client("sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy
        )
    return Created(context.name(properties.logical_id))


def _attribute(value: Any) -> str:
    """An attribute's value as SNS takes it: text, with objects as JSON."""
    if isinstance(value, Mapping):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


HANDLERS = {
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
}
