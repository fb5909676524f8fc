"""moto's topics with deliveries of our own, each of the text that its subscriber gets.

moto posts to a subscriber within Publish: one that does not answer fails the call, and all subscribers after it get
nothing until Publish is called again.

A message with `MessageStructure: json` holds a text for each protocol. moto compares the whole of it with a filter on
the body; SNS compares the one that the subscriber's protocol gets.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from moto.sns.models import Subscription, Topic

from emulator.cloudwatch.metrics import Metrics
from emulator.sns.deliveries import Deliveries, NotDeliveredError

_TIMEOUT_S = 15


@contextlib.contextmanager
def installed(deliveries: Deliveries, metrics: Metrics) -> Iterator[None]:
    """Let moto's subscriptions deliver by these until the end."""
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
        region, topic, matcher = (
            self.topic.sns_backend.region_name,
            self.topic.name,
            self._filter_policy_matcher,
        )
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if self.protocol in {"http", "https"}:
            deliveries.offer(
                region,
                topic,
                self.endpoint,
                lambda: _post(self, message, message_id, subject, message_attributes),
            )
            return
        try:
            publish(self, message, message_id, subject=subject, message_attributes=message_attributes, **more)
        except Exception as error:  # noqa: BLE001 - whatever keeps one from it must not keep the others
            deliveries.note(region, topic, self.endpoint, f"{type(error).__name__}: {error}")
            return
        deliveries.note(region, topic, self.endpoint)

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


def _post(
    subscription: Any,
    message: str,
    message_id: str,
    subject: str | None,
    attributes: Mapping[str, Any] | None,
) -> None:
    """Post a notification as SNS does; NotDeliveredError unless the subscriber takes it.

    https://docs.aws.amazon.com/sns/latest/dg/http-header.html
    """
    raw = str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-subscription-arn": subscription.arn,
        "x-amz-sns-topic-arn": subscription.topic.arn,
        **({"x-amz-sns-rawdelivery": "true"} if raw else {}),
    }
    body = (
        message if raw else json.dumps(subscription.get_post_data(message, message_id, subject, attributes))
    )
    try:
        answer = requests.post(
            subscription.endpoint,
            data=body.encode(),
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


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted: REQUESTS_CA_BUNDLE names one that is"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {_TIMEOUT_S} s"
    return "nothing answers there" if isinstance(error, requests.ConnectionError) else str(error)[:200]
