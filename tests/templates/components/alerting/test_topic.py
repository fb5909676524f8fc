"""The alert topic: each subscription with its filter."""

from tests.support.generated import Generated


def test_every_subscription_carries_its_own_filter(regional: Generated) -> None:
    """Filters stand on subscriptions, only for what the environment file names, and queues get the bare message."""
    wanted = {subscription.endpoint: subscription for subscription in regional.config.alerts.subscriptions}
    found = {
        resource["Endpoint"]: resource
        for title, resource in regional.of("AWS::SNS::Subscription").items()
        if title.startswith("AlertSubscription")
    }
    assert set(found) == set(wanted)
    for endpoint, resource in found.items():
        filters = {name: getattr(wanted[endpoint], name) for name in ("severity", "metric_type", "state")}
        assert resource.get("FilterPolicy", {}) == {
            name: list(some) for name, some in filters.items() if some
        }
        assert ("RawMessageDelivery" in resource) == (wanted[endpoint].protocol == "sqs")
