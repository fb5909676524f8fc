"""Topics through an SDK, with subscribers of every kind."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from emulator import Cloud, Resource
from emulator.lambda_.invocation import InvokeResult
from tests.support.aws_clients import Clients
from tests.support.local_run import free_ports, wait_for


class Hook:
    """A web hook on this machine: what it was sent."""

    def __init__(self) -> None:
        hook = self
        self.requests: list[tuple[dict[str, str], str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                hook.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A hook that answers."""
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def test_a_dead_subscriber_harms_nobody(cloud: Cloud, client: Clients, hook: Hook) -> None:
    """Publish succeeds; the queue gets one copy, the hook its envelope or the raw text, and the dead one is counted."""
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="told")["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    dead = f"https://127.0.0.1:{free_ports(1)[0]}/hook"
    gone = f"{arn}-gone"
    subscribers: list[tuple[str, str, dict[str, str]]] = [
        ("https", dead, {}),
        ("sqs", gone, {}),
        ("sqs", arn, {"RawMessageDelivery": "true"}),
        ("http", hook.url, {}),
        ("http", f"{hook.url}/raw", {"RawMessageDelivery": "true"}),
        ("http", f"{hook.url}/other", {"FilterPolicy": json.dumps({"severity": ["low"]})}),
    ]
    for protocol, endpoint, attributes in subscribers:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    severity: Any = {"severity": {"DataType": "String", "StringValue": "high"}}
    sns.publish(TopicArn=topic, Subject="hot", Message="it burns", MessageAttributes=severity)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in received] == ["it burns"]

    wait_for(lambda: len(hook.requests) == 2, "two deliveries to the hook", seconds=20)
    (headers, envelope), (raw_headers, raw) = sorted(hook.requests, key=lambda one: one[1], reverse=True)
    told = json.loads(envelope)
    assert (told["Type"], told["Message"], told["Subject"]) == ("Notification", "it burns", "hot")
    assert told["MessageAttributes"]["severity"]["Value"] == "high"
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert (raw, raw_headers["x-amz-sns-rawdelivery"]) == ("it burns", "true")

    wait_for(
        lambda: bool(cloud.subscribers("us-east-1")[dead].last_error), "the dead one's error", seconds=20
    )
    found = cloud.subscribers("us-east-1")
    assert (found[dead].waiting, found[dead].last_error) == (1, "nothing answers there")
    assert (found[gone].undelivered, found[arn].delivered) == (1, 1)


def test_a_fault_keeps_one_subscriber_from_answering(cloud: Cloud, client: Clients, hook: Hook) -> None:
    """The others are told at once; it is tried again, and what is given up lies in its dead-letter queue."""
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="faulty")["TopicArn"]
    arns = {}
    for name in ("struck", "spared", "dead-letters"):
        sqs.create_queue(QueueName=name)
        arns[name] = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    raw = {"RawMessageDelivery": "true"}
    for name in ("struck", "spared"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[name], Attributes=raw)
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arns["dead-letters"]}), **raw}
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=redrive)
    cloud.add_faults({"rules": [f"sns/{arns['struck']}=deadx2", f"sns/{hook.url}=deadx4"]})

    def texts(name: str) -> list[str]:
        found = sqs.receive_message(QueueUrl=name, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]

    sns.publish(TopicArn=topic, Message="it burns")
    assert texts("spared") == ["it burns"]
    assert texts("struck") == []
    found: dict[str, set[str]] = {"struck": set(), "dead-letters": set()}

    def arrived() -> bool:
        cloud.clock.advance(20)
        for name in found:
            found[name] |= set(texts(name))  # nobody deletes them, so they may be received again
        return all(found.values())

    wait_for(arrived, "the delivery that is tried again, and the dead letter", seconds=20)
    assert found == {"struck": {"it burns"}, "dead-letters": {"it burns"}}
    assert hook.requests == []


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
    client: Clients, policy: dict[str, Any], scope: str, passes: bool
) -> None:
    """A queue's filter on the body compares the default text, and the queue gets that one, as it is."""
    sns, sqs = client("sns"), client("sqs")
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


def test_a_function_is_invoked_if_its_policy_lets_the_topic(cloud: Cloud, client: Clients) -> None:
    """Its event is SNS's, with the attributes; a topic that the policy does not name is refused, and counted."""
    invoked: list[tuple[str, dict[str, Any]]] = []

    def invoke(_: str, name: str, payload: bytes, kind: str) -> InvokeResult:
        assert kind == "Event"
        invoked.append((name, json.loads(payload)))
        return InvokeResult(b"", status=202)

    sns = client("sns")
    topic, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("heard", "unheard"))
    deployment = cloud.deployments["us-east-1"]
    function = deployment.of_type("AWS::Lambda::Function")[0]
    given = {
        "FunctionName": function.physical_id,
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": topic,
    }
    permission = Resource("Heard", "AWS::Lambda::Permission", "heard", {}, given)
    cloud.publish(replace(deployment, resources={**deployment.resources, "Heard": permission}))
    cloud.invoke_with(invoke)
    arn = function.attributes["Arn"]
    severity: Any = {"severity": {"DataType": "String", "StringValue": "high"}}
    for each in (other, topic):
        sns.subscribe(TopicArn=each, Protocol="lambda", Endpoint=arn)
        sns.publish(TopicArn=each, Subject="hot", Message="it burns", MessageAttributes=severity)

    wait_for(lambda: bool(invoked), "an invocation", seconds=20)
    wait_for(lambda: bool(cloud.subscribers("us-east-1")[arn].undelivered), "a refusal", seconds=20)
    [(name, event)] = invoked
    [record] = event["Records"]
    assert (name, record["EventSource"]) == (function.physical_id, "aws:sns")
    told = record["Sns"]
    assert (told["Type"], told["Message"], told["Subject"]) == ("Notification", "it burns", "hot")
    assert (told["TopicArn"], told["MessageAttributes"]["severity"]["Value"]) == (topic, "high")
    cloud.publish(deployment)
