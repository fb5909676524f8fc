"""A topic's messages with a text for each protocol."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import Cloud, start


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local AWS without any stack."""
    with start([], [], data_dir=tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.mark.parametrize(
    ("policy", "scope", "passes"),
    [
        ({"state": ["ALARM"]}, "MessageBody", True),
        ({"state": ["OK"]}, "MessageBody", False),
        ({"kind": ["a"]}, "MessageAttributes", True),
        ({"kind": ["b"]}, "MessageAttributes", False),
    ],
)
def test_a_filter_sees_what_the_subscriber_would_get(
    cloud: Cloud, policy: dict[str, Any], scope: str, passes: bool
) -> None:
    """A queue's filter on the body compares the default text, and the queue gets that one, as it is."""
    sns, sqs = cloud.client("sns", "us-east-1"), cloud.client("sqs", "us-east-1")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"{scope}-{passes}")["QueueUrl"]
    [arn] = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"].values()
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps(policy),
            "FilterPolicyScope": scope,
        },
    )
    body = json.dumps({"state": "ALARM"})
    sns.publish(
        TopicArn=topic,
        MessageStructure="json",
        Message=json.dumps({"default": body, "email": "It is hot."}),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "a"}},
    )
    messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
    assert [message["Body"] for message in messages] == [body] * passes
