"""moto's topics with deliveries of our own, each of the text that its subscriber gets.

moto posts to a subscriber within Publish: one that does not answer fails the call, and all subscribers after it get
nothing until Publish is called again.

A message with `MessageStructure: json` holds a text for each protocol. moto compares the whole of it with a filter on
the body; SNS compares the one that the subscriber's protocol gets.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from moto.sns.models import Subscription, Topic, sns_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from emulator.cloudwatch.metrics import Metrics
from emulator.faults import Faults
from emulator.moto import ACCOUNT_ID
from emulator.sns.deliveries import Deliveries, NotDeliveredError

_TIMEOUT_S = 15
# SNS tries three times more to deliver over HTTP, and goes on for 23 days with what is AWS's own.
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
_RETRIES, _RETRIES_OF_AWS = 3, 100_000

InvokeFunction = Callable[[str, str, str, bytes], None]
"""Invokes a function as SNS does, without waiting for it: its region, its ARN, the topic's ARN, and the event.

NotDeliveredError if Lambda does not take the event.
"""


@contextlib.contextmanager
def installed(
    deliveries: Deliveries, metrics: Metrics, faults: Faults, invoke: InvokeFunction
) -> Iterator[None]:
    """Let moto's subscriptions deliver by these until the end, but for those that `faults` strike."""
    publish, to_topic = Subscription.publish, Topic.publish

    def deliver(
        self: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: Mapping[str, Any] | None = None,
        message_structure: str | None = None,
        **more: Any,
    ) -> None:
        if message_structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return

        def hand_over() -> None:
            if self.protocol == "lambda":
                event = _event(self, message, message_id, subject, message_attributes)
                invoke(self.topic.sns_backend.region_name, self.endpoint, self.topic.arn, event)
                return
            publish(self, message, message_id, subject=subject, message_attributes=message_attributes, **more)

        _Notification(self, message, message_id, subject, message_attributes, hand_over, faults).deliver(
            deliveries
        )

    def counted(self: Any, *arguments: Any, **names: Any) -> str:
        metrics.of(self.sns_backend.region_name).put(
            "AWS/SNS", "NumberOfMessagesPublished", 1, {"TopicName": self.name}
        )
        return str(to_topic(self, *arguments, **names))

    Subscription.publish, Topic.publish = deliver, counted
    try:
        yield
    finally:
        Subscription.publish, Topic.publish = publish, to_topic


def subscriptions() -> frozenset[str]:
    """The subscriptions of every region, each by its ARN and by its endpoint."""
    backends = list(sns_backends[ACCOUNT_ID].values())
    found = [one for backend in backends for one in list(backend.subscriptions.values())]
    return frozenset(name for one in found for name in (one.arn, one.endpoint))


@dataclass(frozen=True, slots=True)
class _Notification:
    """A message for one subscriber; `hand_over` gives it to what is not reached over HTTP."""

    subscription: Any
    message: str
    message_id: str
    subject: str | None
    attributes: Mapping[str, Any] | None
    hand_over: Callable[[], None]
    faults: Faults

    def deliver(self, deliveries: Deliveries) -> None:
        """Deliver it as SNS does: to a queue at once, to others in the background; tried again where that may help."""
        region, topic, endpoint = self._region, self.subscription.topic.name, self.subscription.endpoint
        if self._over_http or self.subscription.protocol == "lambda":
            retries = _RETRIES if self._over_http else _RETRIES_OF_AWS
            deliveries.offer(
                region, topic, endpoint, self._send, retries=retries, give_up=self._to_dead_letters
            )
            return
        try:
            self._send()
        except NotDeliveredError:
            deliveries.offer(
                region, topic, endpoint, self._send, retries=_RETRIES_OF_AWS, give_up=self._to_dead_letters
            )
        except Exception as error:  # noqa: BLE001 - whatever keeps one from it must not keep the others
            deliveries.note(region, topic, endpoint, f"{type(error).__name__}: {error}")
        else:
            deliveries.note(region, topic, endpoint)

    @property
    def _region(self) -> str:
        return str(self.subscription.topic.sns_backend.region_name)

    @property
    def _over_http(self) -> bool:
        return self.subscription.protocol in {"http", "https"}

    @property
    def _raw(self) -> bool:
        return str(self.subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"

    def _body(self) -> str:
        if self._raw:
            return self.message
        return json.dumps(
            self.subscription.get_post_data(self.message, self.message_id, self.subject, self.attributes)
        )

    def _send(self) -> None:
        names = frozenset({self.subscription.arn, self.subscription.endpoint})
        if self.faults.take_subscriber(self._region, names) is not None:
            raise NotDeliveredError("a fault keeps it from answering", may_pass=True)
        if self._over_http:
            self._post()
        else:
            self.hand_over()

    def _post(self) -> None:
        """Post it as SNS does; NotDeliveredError unless the subscriber takes it.

        https://docs.aws.amazon.com/sns/latest/dg/http-header.html
        """
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-id": self.message_id,
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-subscription-arn": self.subscription.arn,
            "x-amz-sns-topic-arn": self.subscription.topic.arn,
            **({"x-amz-sns-rawdelivery": "true"} if self._raw else {}),
        }
        try:
            answer = requests.post(
                self.subscription.endpoint,
                data=self._body().encode(),
                headers=headers,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NotDeliveredError(_reason(error), may_pass=True) from error
        if answer.status_code >= 300:
            # What the client did wrong stays wrong; SNS tries only the others again.
            passing = answer.status_code >= 500 or answer.status_code == requests.codes.too_many_requests
            raise NotDeliveredError(f"it answered {answer.status_code}", may_pass=passing)

    def _to_dead_letters(self) -> None:
        """Put what was given up into the subscription's dead-letter queue, if it has one.

        https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
        """
        policy = json.loads(self.subscription.attributes.get("RedrivePolicy") or "{}")
        if queue := policy.get("deadLetterTargetArn"):
            backend = sqs_backends[self.subscription.account_id][queue.split(":")[3]]
            with contextlib.suppress(QueueDoesNotExist):  # as on AWS, what no queue takes is gone
                backend.send_message(queue.rpartition(":")[2], self._body())


def _event(
    subscription: Any,
    message: str,
    message_id: str,
    subject: str | None,
    attributes: Mapping[str, Any] | None,
) -> bytes:
    """The event that a function gets of a notification.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    told = subscription.get_post_data(message, message_id, subject, attributes)
    names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    notification = {names.get(name, name): value for name, value in told.items()}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {"Subject": None, "MessageAttributes": {}, **notification},
    }
    return json.dumps({"Records": [record]}).encode()


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted: REQUESTS_CA_BUNDLE names one that is"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {_TIMEOUT_S} s"
    return "nothing answers there" if isinstance(error, requests.ConnectionError) else str(error)[:200]
