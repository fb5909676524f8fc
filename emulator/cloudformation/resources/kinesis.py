"""Data streams."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, tags_as_map


def _stream(context: Context, properties: Properties) -> Created:
    client = context.client("kinesis")
    name = properties.text("Name", context.name(properties.logical_id, longest=128))
    mode = properties.get("StreamModeDetails", {"StreamMode": "PROVISIONED"})
    arguments = {"StreamName": name, "StreamModeDetails": mode}
    shards = properties.integer("ShardCount")
    if mode["StreamMode"] == "PROVISIONED":
        if shards is None:
            raise properties.refuse("ShardCount", "is required for a provisioned stream")
        arguments["ShardCount"] = shards
    elif shards is not None:
        raise properties.refuse("ShardCount", "is not allowed for an on-demand stream")
    largest = properties.integer("MaxRecordSizeInKiB")
    if largest is not None:
        arguments["MaxRecordSizeInKiB"] = largest
    client.create_stream(**arguments)
    hours = properties.integer("RetentionPeriodHours")
    if hours is not None and hours > 24:
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    encryption = properties.get("StreamEncryption")
    if encryption is not None:
        client.start_stream_encryption(StreamName=name, **encryption)
    tags = tags_as_map(properties.get("Tags"))
    if tags:
        client.add_tags_to_stream(StreamName=name, Tags=tags)
    return Created(name, {"Arn": context.arn("kinesis", f"stream/{name}")})


HANDLERS = {"AWS::Kinesis::Stream": _stream}
