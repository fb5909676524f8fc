"""The alert topic and its subscriptions, each with the filter that the environment file says."""

import hashlib
from typing import Any

from troposphere import Ref, Template
from troposphere.sns import SubscriptionResource

from templates.components.alerting.forwarding import add_forwarder
from templates.components.alerting.tables import AlertTables
from templates.components.platform import Platform
from templates.components.platform.topic import Topic, add_topic
from templates.config import Config
from templates.config.alerting import FORWARDED, Subscription
from templates.constructs.alarms import first_alarm
from templates.constructs.outputs import add_outputs

ALARMS = (
    first_alarm(
        "Undelivered",
        "NumberOfNotificationsFailed",
        "SNS gave up delivering an alert to a subscriber after its retries: a queue's policy, an endpoint or an "
        "address is wrong, and a receiver does not hear of alerts.",
    ),
)


def add_alert_topic(template: Template, config: Config, platform: Platform, *, tables: AlertTables) -> Topic:
    """An encrypted topic. Filters stand on the subscriptions: a topic has none."""
    topic = add_topic(template, "AlertTopic", f"{config.stack_name} alerts", key=platform.key)
    for subscription in config.alerts.subscriptions:
        # Named after its receiver, so that adding or removing another one makes no other confirm again.
        receiver = f"{subscription.protocol} {subscription.endpoint}"
        name = hashlib.sha256(receiver.encode()).hexdigest()[:8]
        if subscription.protocol in FORWARDED:
            title = f"AlertForwarder{name}"
            function = add_forwarder(template, title, subscription, platform, topic=topic, tables=tables)
            endpoint = function.get_att("Arn")
            _subscribe(template, f"AlertSubscription{name}", topic, subscription, "lambda", endpoint)
        else:
            _subscribe(
                template,
                f"AlertSubscription{name}",
                topic,
                subscription,
                subscription.protocol,
                subscription.endpoint,
            )
    name = topic.resource.get_att("TopicName")
    platform.runtime.watch(template, "AlertTopic", ALARMS, "AWS/SNS", TopicName=name)
    add_outputs(
        template,
        ("AlertTopicArn", Ref(topic.resource), "The topic of every alert: subscribe with a filter policy"),
    )
    return topic


def _subscribe(
    template: Template, title: str, topic: Topic, subscription: Subscription, protocol: str, endpoint: object
) -> None:
    optional: dict[str, Any] = {}
    wanted = {
        "severity": subscription.severity,
        "metric_type": subscription.metric_type,
        "state": subscription.state,
    }
    if any(wanted.values()):
        optional["FilterPolicy"] = {name: list(values) for name, values in wanted.items() if values}
    if protocol == "sqs":
        optional["RawMessageDelivery"] = True  # the body as it is, with its attributes
    template.add_resource(
        SubscriptionResource(
            title,
            TopicArn=Ref(topic.resource),
            Protocol=protocol,
            Endpoint=endpoint,
            **optional,
        )
    )
