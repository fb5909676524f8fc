"""Tables."""

from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _table(context: Context, properties: Properties) -> Created:
    client = context.client("dynamodb")
    name = properties.text("TableName", context.name(properties.logical_id))
    arguments: dict[str, Any] = properties.subset(
        "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes",
        "KeySchema", "LocalSecondaryIndexes", "OnDemandThroughput", "ProvisionedThroughput", "TableClass",
        "Tags",
    )  # fmt: skip
    stream = properties.get("StreamSpecification")
    if stream is not None:
        arguments["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream["StreamViewType"]}
    encryption = properties.get("SSESpecification")
    if encryption is not None:
        arguments["SSESpecification"] = {
            ("Enabled" if key == "SSEEnabled" else key): value for key, value in encryption.items()
        }
    table = client.create_table(TableName=name, **arguments)["TableDescription"]
    expiry = properties.get("TimeToLiveSpecification")
    if expiry is not None and expiry["Enabled"] in {True, "true"}:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery is not None:
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    attributes = {"Arn": table["TableArn"]}
    if stream is not None:
        attributes["StreamArn"] = table["LatestStreamArn"]
    return Created(name, attributes)


HANDLERS = {"AWS::DynamoDB::Table": _table}
