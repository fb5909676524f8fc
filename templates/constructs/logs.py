"""Log groups: encrypted, and never kept for ever."""

from troposphere import Template
from troposphere.logs import LogGroup

from templates.config.pipeline import Logs


def add_log_group(template: Template, title: str, config: Logs, *, key_arn: object) -> LogGroup:
    """A log group without a name of its own, which what writes to it is told; it goes with its stack."""
    return template.add_resource(
        LogGroup(
            title,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            RetentionInDays=config.retention_days,
            KmsKeyId=key_arn,
        )
    )
