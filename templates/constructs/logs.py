"""Log groups: encrypted, and never kept for ever."""

from troposphere import Template
from troposphere.logs import LogGroup

from templates.config.pipeline import Logs
from templates.constructs.ownership import DELETED


def add_log_group(
    template: Template, title: str, config: Logs, *, key_arn: object, name: object | None = None
) -> LogGroup:
    """A log group, which what writes to it is told; it goes with its stack, and has a name only if that matters."""
    optional = {} if name is None else {"LogGroupName": name}
    return template.add_resource(
        LogGroup(
            title,
            **DELETED,
            RetentionInDays=config.retention_days,
            KmsKeyId=key_arn,
            **optional,
        )
    )
