"""Keys and their aliases."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, policy_text


def _key(context: Context, properties: Properties) -> Created:
    client = context.client("kms")
    arguments = properties.subset("Description", "KeyUsage", "KeySpec", "MultiRegion", "Origin")
    if properties.get("KeyPolicy") is not None:
        arguments["Policy"] = policy_text(properties, "KeyPolicy")
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
    key = client.create_key(**arguments, Tags=tags)["KeyMetadata"]
    if properties.boolean("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=key["KeyId"])
    properties.without_effect("PendingWindowInDays")  # it concerns the key's deletion
    return Created(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _alias(context: Context, properties: Properties) -> Created:
    name = properties.text("AliasName")
    context.client("kms").create_alias(AliasName=name, TargetKeyId=properties.text("TargetKeyId"))
    return Created(name)


HANDLERS = {"AWS::KMS::Alias": _alias, "AWS::KMS::Key": _key}
