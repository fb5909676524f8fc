"""Log groups: encrypted, and never kept for ever."""

from troposphere import GetAtt, Template
from troposphere.logs import LogGroup

from templates.config.pipeline import Logs


def add_log_group(template: Template, title: str, config: Logs, *, key_arn: object) -> LogGroup:
    """A log group without a name of its own; what writes to it is told its name."""
    return template.add_resource(LogGroup(title, RetentionInDays=config.retention_days, KmsKeyId=key_arn))


def log_group_arn(group: LogGroup) -> GetAtt:
    """The group's ARN as IAM wants it: with the `:*` that covers its streams."""
    return group.get_att("Arn")
