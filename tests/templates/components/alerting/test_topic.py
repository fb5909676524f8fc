"""The alert topic: each subscription with its filter."""

from typing import Any

from templates.config.alerting import FORWARDED, Subscription
from tests.support.generated import Generated


def wanted(subscription: Subscription) -> dict[str, Any]:
    """The resource of a subscription, without the function that a forwarder is."""
    made: dict[str, Any] = {"Protocol": subscription.protocol, "TopicArn": {"Ref": "AlertTopic"}}
    if subscription.protocol in FORWARDED:
        made["Protocol"] = "lambda"
    else:
        made["Endpoint"] = subscription.endpoint
    if subscription.protocol == "sqs":
        made["RawMessageDelivery"] = True
    filters = {name: list(getattr(subscription, name)) for name in ("severity", "metric_type", "state")}
    if any(filters.values()):
        made["FilterPolicy"] = {name: values for name, values in filters.items() if values}
    return made


def test_every_subscription_carries_its_own_filter(regional: Generated) -> None:
    """Filters stand on subscriptions, only for what the environment file names, and queues get the bare message."""
    found = []
    for title, resource in regional.of("AWS::SNS::Subscription").items():
        if title.startswith("AlertSubscription"):
            if resource["Protocol"] == "lambda":
                [function, attribute] = resource.pop("Endpoint")["Fn::GetAtt"]
                assert (function.startswith("AlertForwarder"), attribute) == (True, "Arn")
            found.append(resource)
    expected = list(map(wanted, regional.config.alerts.subscriptions))
    assert len(found) == len(expected)
    assert all(one in found for one in expected)
