"""Permits for what watches: alarms, logs, topics, traces."""

from collections.abc import Sequence

from templates.components.fleet.permissions.permit import Permit, generated, here
from templates.config import Config
from templates.names import SAMPLING_RULE


def watch(config: Config) -> Sequence[Permit]:
    """The permits, by the names of stacks."""
    return (
        Permit(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            here("cloudwatch", *generated(config, "alarm:")),
        ),
        Permit(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey "
            "GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource UntagResource",
            here(
                "logs",
                *generated(config, "log-group:"),
                *generated(config, "log-group:/aws/vendedlogs/states/"),
            ),
        ),
        # Deliveries and the account's own policies for them have no name of ours.
        Permit(
            "logs",
            "CreateLogDelivery DeleteLogDelivery DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies "
            "GetLogDelivery ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
            ("*",),
        ),
        Permit(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes ListSubscriptionsByTopic "
            "ListTagsForResource SetTopicAttributes Subscribe TagResource UntagResource",
            here("sns", *generated(config)),
        ),
        Permit("sns", "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe", ("*",)),
        Permit(
            "xray",
            "CreateSamplingRule DeleteSamplingRule ListTagsForResource TagResource UntagResource UpdateSamplingRule",
            here("xray", f"sampling-rule/{config.name(SAMPLING_RULE)}"),
        ),
        Permit("xray", "GetSamplingRules", ("*",)),
    )
