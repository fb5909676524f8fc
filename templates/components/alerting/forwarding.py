"""Forwarders: a function for each receiver that takes no message as SNS delivers it, such as Slack or PagerDuty."""

from dataclasses import replace

from awacs import ssm
from awacs.aws import Statement
from troposphere import Ref, Sub, Template
from troposphere.awslambda import Function, Permission

from templates.components.alerting.tables import AlertTables
from templates.components.platform import Platform
from templates.components.platform.topic import Topic
from templates.config.alerting import Subscription
from templates.constructs.alarms import first_alarm
from templates.constructs.function import add_function
from templates.constructs.policy import allow

ALARMS = (
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    first_alarm(
        "NotPosted",
        "AsyncEventsDropped",
        "An alert could not be posted to a chat or paging service in three attempts over some minutes, and is not "
        "tried again: its address or key is wrong, or the service is down. The forwarder's log says why.",
    ),
)
# Attempts and pauses of one invocation; Lambda invokes it twice more.
_TIMEOUT_S = 120


def add_forwarder(
    template: Template,
    title: str,
    subscription: Subscription,
    platform: Platform,
    *,
    topic: Topic,
    tables: AlertTables,
) -> Function:
    """The function behind a subscription, which `topic` may invoke; `title` begins the titles of its resources.

    It is in no network: nothing there would let it out to the service that it posts to, no more than it lets SNS.
    """
    function = add_function(
        template,
        title,
        handler="handlers.alert_forwarder.handler",
        description=f"Posts alerts to {subscription.protocol}",
        memory_mb=256,
        timeout_seconds=_TIMEOUT_S,
        environment={
            "SERVICE": subscription.protocol,
            "SECRET_PARAMETER": subscription.endpoint,
            "ALERTS_TABLE": Ref(tables.alerts),
        },
        statements=[_read_secret(subscription.endpoint), *tables.read_alerts()],
        runtime=replace(platform.runtime, network=None),
    )
    template.add_resource(
        Permission(
            f"{title}Permission",
            FunctionName=function.get_att("Arn"),
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=Ref(topic.resource),
        )
    )
    platform.runtime.watch(template, title, ALARMS, "AWS/Lambda", FunctionName=Ref(function))
    return function


def _read_secret(parameter: str) -> Statement:
    """The grant to read a parameter; under the key that Systems Manager has by itself it needs no other."""
    arn = Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{parameter}")
    return allow([ssm.GetParameter], [arn], Sid="ReadSecret")
