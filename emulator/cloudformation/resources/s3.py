"""Buckets and their policies."""

import json
from collections.abc import Callable
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created
from emulator.errors import TemplateError


def _bucket(context: Context, properties: Properties) -> Created:
    client = context.client("s3")
    name = _bucket_name(context, properties)
    arguments: dict[str, Any] = {"Bucket": name}
    if context.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": context.region}
    if properties.boolean("ObjectLockEnabled"):
        arguments["ObjectLockEnabledForBucket"] = True
    client.create_bucket(**arguments)
    for member, operation, argument, convert in _CONFIGURATIONS:
        value = properties.get(member)
        if value is not None:
            getattr(client, operation)(Bucket=name, **{argument: convert(value)})
    return Created(
        name,
        {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{context.region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{context.region}.amazonaws.com",
        },
    )


def _bucket_name(context: Context, properties: Properties) -> str:
    """The name given, the one S3 makes of a prefix in the account's regional namespace, or a generated one."""
    properties.only("BucketNamespace", "global", "account-regional")
    prefix = properties.get("BucketNamePrefix")
    name = properties.get("BucketName")
    if prefix is not None:
        name = f"{prefix}-{context.account_id}-{context.region}-an"
    elif name is None:
        name = context.name(properties.logical_id, longest=63, lower=True)
    if not isinstance(name, str) or len(name) > 63:
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


_RULE_AS_IT_IS = {
    "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "Id": "ID",
    "NoncurrentVersionExpiration": "NoncurrentVersionExpiration",
    "Status": "Status",
}
_RULE_EXPIRATION = {
    "ExpirationDate": "Date",
    "ExpirationInDays": "Days",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
_RULE_FILTER = {
    "ObjectSizeGreaterThan": "ObjectSizeGreaterThan",
    "ObjectSizeLessThan": "ObjectSizeLessThan",
    "Prefix": "Prefix",
    "TagFilters": "Tags",
}


def _lifecycle(configuration: Any) -> dict[str, Any]:
    return {"Rules": [_lifecycle_rule(rule) for rule in configuration["Rules"]]}


def _lifecycle_rule(rule: Any) -> dict[str, Any]:
    """CloudFormation's flat lifecycle rule in the API's nesting."""
    converted = {name: rule[key] for key, name in _RULE_AS_IT_IS.items() if key in rule}
    expiration = {name: rule[key] for key, name in _RULE_EXPIRATION.items() if key in rule}
    if expiration:
        converted["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        converted["NoncurrentVersionExpiration"] = {
            "NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]
        }
    if "NoncurrentVersionTransitions" in rule:
        converted["NoncurrentVersionTransitions"] = _transitions(
            rule["NoncurrentVersionTransitions"], days="NoncurrentDays"
        )
    if "Transitions" in rule:
        converted["Transitions"] = _transitions(rule["Transitions"], days="Days")
    converted["Filter"] = _filter({name: rule[key] for key, name in _RULE_FILTER.items() if key in rule})
    known = {*_RULE_AS_IT_IS, *_RULE_EXPIRATION, *_RULE_FILTER, *_RULE_CONVERTED}
    for key in rule:
        if key not in known:
            raise TemplateError(
                f"the local run does not know {key} of a lifecycle rule", at=(str(rule.get("Id")),)
            )
    return converted


_RULE_CONVERTED = ("NoncurrentVersionExpirationInDays", "NoncurrentVersionTransitions", "Transitions")


def _transitions(transitions: Any, *, days: str) -> list[dict[str, Any]]:
    names = {"TransitionDate": "Date", "TransitionInDays": days}
    return [{names.get(key, key): value for key, value in transition.items()} for transition in transitions]


def _filter(conditions: dict[str, Any]) -> dict[str, Any]:
    tags = conditions.get("Tags", [])
    if len(conditions) > 1 or len(tags) > 1:
        return {"And": conditions}
    if tags:
        return {"Tag": tags[0]}
    return conditions or {"Prefix": ""}


def _notification(configuration: Any) -> dict[str, Any]:
    if set(configuration) - {"EventBridgeConfiguration"}:
        raise TemplateError(
            "the local run delivers no bucket notifications", at=("NotificationConfiguration",)
        )
    return {"EventBridgeConfiguration": {}}


def _unchanged(configuration: Any) -> Any:
    return configuration


def _tag_set(tags: Any) -> dict[str, Any]:
    return {"TagSet": tags}


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
    (
        "NotificationConfiguration",
        "put_bucket_notification_configuration",
        "NotificationConfiguration",
        _notification,
    ),
    ("Tags", "put_bucket_tagging", "Tagging", _tag_set),
)


def _bucket_policy(context: Context, properties: Properties) -> Created:
    bucket = properties.text("Bucket")
    context.client("s3").put_bucket_policy(
        Bucket=bucket, Policy=json.dumps(properties.require("PolicyDocument"))
    )
    return Created(bucket)


HANDLERS = {"AWS::S3::Bucket": _bucket, "AWS::S3::BucketPolicy": _bucket_policy}
