"""moto's topics, whose filters on a message's body look at what the subscriber would get.

A message with `MessageStructure: json` holds a text for each protocol. moto compares the whole of it with the policy;
SNS compares the one that the subscriber's protocol gets.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html
"""

from typing import Any

from moto.sns.models import Subscription

_moto_publish = Subscription.publish


def filter_by_protocol() -> None:
    """Let every subscription choose its text before its filter sees it."""
    Subscription.publish = _publish


def _publish(
    subscription: Any, message: str, *arguments: Any, message_structure: str | None = None, **named: Any
) -> None:
    if message_structure == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    _moto_publish(subscription, message, *arguments, **named)
