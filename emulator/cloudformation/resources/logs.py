"""Log groups."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, tags_as_map


def _log_group(context: Context, properties: Properties) -> Created:
    client = context.client("logs")
    name = properties.text("LogGroupName", context.name(properties.logical_id))
    arguments = {"tags": tags_as_map(properties.get("Tags"))}
    key = properties.get("KmsKeyId")
    if key is not None:
        arguments["kmsKeyId"] = key
    client.create_log_group(logGroupName=name, **arguments)
    days = properties.integer("RetentionInDays")
    if days is not None:
        client.put_retention_policy(logGroupName=name, retentionInDays=days)
    properties.only("LogGroupClass", "STANDARD")
    properties.without_effect("DeletionProtectionEnabled")  # nothing deletes a log group of the local run
    return Created(name, {"Arn": context.arn("logs", f"log-group:{name}:*")})


HANDLERS = {"AWS::Logs::LogGroup": _log_group}
