"""Permits for what watches: alarms, logs, topics, traces."""

from collections.abc import Sequence

from templates.components.fleet.permissions.permit import Permit, generated, here
from templates.config import Config
from templates.names import SAMPLING_RULE


def watch(config: Config) -> Sequence[Permit]:
    """The permits, by the names of stacks."""
    stack_names = generated(config)
    return (
        Permit(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            (here("cloudwatch", f"alarm:{stack_names}"),),
        ),
        Permit(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeIndexPolicies "
            "DisassociateKmsKey GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource "
            "UntagResource",
            (
                here("logs", f"log-group:{stack_names}"),
                here("logs", f"log-group:/aws/vendedlogs/states/{stack_names}"),
            ),
        ),
        # Deliveries and the account's own policies for them have no name of ours.
        Permit(
            "logs",
            "CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies GetLogDelivery "
            "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
            ("*",),
        ),
        Permit(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes "
            "ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes Subscribe "
            "TagResource Unsubscribe UntagResource",
            (here("sns", stack_names),),
        ),
        Permit(
            "xray",
            "CreateSamplingRule DeleteSamplingRule ListTagsForResource TagResource UntagResource UpdateSamplingRule",
            (here("xray", f"sampling-rule/{config.name(SAMPLING_RULE)}"),),
        ),
        Permit("xray", "GetSamplingRules", ("*",)),
    )
