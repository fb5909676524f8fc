"""Buckets and their policies."""

from collections.abc import Callable
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, policy_text, tags_as_map
from emulator.errors import TemplateError
from emulator.moto.backends import tag_bucket


def _bucket(context: Context, properties: Properties) -> Created:
    client = context.client("s3")
    name = _bucket_name(context, properties)
    arguments: dict[str, Any] = {"Bucket": name}
    if context.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": context.region}
    client.create_bucket(**arguments)
    for member, operation, argument, convert in _CONFIGURATIONS:
        value = properties.get(member)
        if value is not None:
            getattr(client, operation)(Bucket=name, **{argument: convert(value)})
    tag_bucket(name, tags_as_map(properties.get("Tags")))
    return Created(name, {"Arn": f"arn:aws:s3:::{name}"})


def _bucket_name(context: Context, properties: Properties) -> str:
    """The name given, or a generated one."""
    properties.only("BucketNamespace", "global", "account-regional")
    name = properties.text("BucketName", context.name(properties.logical_id, longest=63, lower=True))
    if len(name) > 63:
        raise properties.refuse("BucketName", f"{name!r} is no bucket name of at most 63 characters")
    return name


def _encryption(configuration: Any) -> dict[str, Any]:
    rules = []
    for rule in configuration["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault")
        converted = {key: value for key, value in rule.items() if key != "ServerSideEncryptionByDefault"}
        if default is not None:
            converted["ApplyServerSideEncryptionByDefault"] = default
        rules.append(converted)
    return {"Rules": rules}


_RULE = {
    "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "Id": "ID",
    "NoncurrentVersionExpiration": "NoncurrentVersionExpiration",
    "Status": "Status",
}
_RULE_EXPIRATION = {"ExpirationInDays": "Days", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}


def _lifecycle(configuration: Any) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(rule) for rule in configuration["Rules"]]}


def _lifecycle_rule(rule: Any) -> dict[str, Any]:
    """CloudFormation's flat lifecycle rule in the API's nesting."""
    for key in rule:
        if key not in {*_RULE, *_RULE_EXPIRATION, "Prefix", "Transitions"}:
            raise TemplateError(
                f"the local run does not know {key} of a lifecycle rule", at=(str(rule.get("Id")),)
            )
    converted = {name: rule[key] for key, name in _RULE.items() if key in rule}
    expiration = {name: rule[key] for key, name in _RULE_EXPIRATION.items() if key in rule}
    if expiration:
        converted["Expiration"] = expiration
    if "Transitions" in rule:
        names = {"TransitionInDays": "Days"}
        converted["Transitions"] = [
            {names.get(key, key): value for key, value in transition.items()}
            for transition in rule["Transitions"]
        ]
    converted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    return converted


def _unchanged(configuration: Any) -> Any:
    return configuration


_CONFIGURATIONS: tuple[tuple[str, str, str, Callable[[Any], Any]], ...] = (
    ("VersioningConfiguration", "put_bucket_versioning", "VersioningConfiguration", _unchanged),
    ("BucketEncryption", "put_bucket_encryption", "ServerSideEncryptionConfiguration", _encryption),
    (
        "PublicAccessBlockConfiguration",
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        _unchanged,
    ),
    ("OwnershipControls", "put_bucket_ownership_controls", "OwnershipControls", _unchanged),
    ("LifecycleConfiguration", "put_bucket_lifecycle_configuration", "LifecycleConfiguration", _lifecycle),
)


def _bucket_policy(context: Context, properties: Properties) -> Created:
    bucket = properties.text("Bucket")
    context.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy_text(properties, "PolicyDocument"))
    return Created(bucket)


HANDLERS = {"AWS::S3::Bucket": _bucket, "AWS::S3::BucketPolicy": _bucket_policy}
