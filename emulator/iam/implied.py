"""Implied permissions: on the keys, buckets and prefixes of a deployment that calls touch in passing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.cloudformation.deployment import Deployment
from emulator.iam import implied_rights as rights
from emulator.iam.evaluation import Permission
from emulator.iam.timestream_requests import unload_target


class ImpliedPermissions:
    """Knows what encrypts and reports what, from the deployments."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._keys: dict[str, str] = {}
        self._reports: dict[str, tuple[str, str]] = {}

    def learn(self, deployment: Deployment) -> None:
        """Take note of a deployment's resources."""
        for resource in deployment.resources.values():
            if resource.type in _KEY_OF:
                key = _KEY_OF[resource.type](resource.properties)
                arn = str(resource.attributes.get("Arn", resource.physical_id))
                if key and not key.startswith("alias/aws/"):
                    self._keys[arn] = _key_arn(key, deployment)
            elif resource.type == "AWS::Timestream::Table":
                place = _inside(resource.properties, *_REPORTS_OF)
                if place:
                    prefix = place.get("ObjectKeyPrefix", "").strip("/")
                    self._reports[resource.attributes["Arn"]] = (
                        f"arn:aws:s3:::{place['BucketName']}",
                        prefix,
                    )

    def of(self, asked: Iterable[Permission], region: str, statement: str = "") -> Iterator[Permission]:
        """The permissions that these imply, directly or by one another; `statement` is the text of a query."""
        for permission in asked:
            implied = [*self._of_reports(permission, region), *self._of_key(permission, region)]
            if permission.action == "timestream:Unload":
                implied += self._of_unload(permission, statement, region)
            for one in implied:
                yield one
                yield from self._of_key(one, region)

    def _of_key(self, permission: Permission, region: str) -> Iterator[Permission]:
        service = permission.action.partition(":")[0]
        if service not in rights.KEY_USES:
            return
        # Objects, indexes and streams stand below what is encrypted.
        key = self._keys.get(permission.resource) or self._keys.get(_owner(permission.resource))
        if key is None:
            return
        for use in rights.KEY_USES[service]:
            if not use.of or permission.action in use.of:
                yield from use.takes.on(key, self._account, **_via(service, region))

    def _of_reports(self, permission: Permission, region: str) -> Iterator[Permission]:
        if permission.action == "timestream:WriteRecords" and permission.resource in self._reports:
            bucket, prefix = self._reports[permission.resource]
            yield from rights.REPORT_BUCKET.on(bucket, self._account)
            yield from rights.REPORT_OBJECTS.on(f"{bucket}/{prefix}/report", self._account)
            if bucket in self._keys:
                yield from rights.REPORT_PARTS.on(self._keys[bucket], self._account, **_via("s3", region))

    def _of_unload(self, table: Permission, statement: str, region: str) -> Iterator[Permission]:
        target = unload_target(statement)
        if target is not None:
            bucket, prefix, key = target
            yield from rights.UNLOAD_TABLE.on(table.resource, self._account)
            yield from rights.UNLOAD_BUCKET.on(f"arn:aws:s3:::{bucket}", self._account)
            yield from rights.UNLOAD_OBJECTS.on(f"arn:aws:s3:::{bucket}/{prefix}/results/file", self._account)
            if key is not None:
                via = _via("timestream", region)
                yield from rights.UNLOAD_KEY.on(key, self._account, **via)
                grant = {**via, "kms:grantisforawsresource": "true"}
                yield from rights.UNLOAD_KEY_GRANT.on(key, self._account, **grant)


def _via(service: str, region: str) -> dict[str, str]:
    return {"kms:viaservice": f"{service}.{region}.amazonaws.com"}


def _owner(arn: str) -> str:
    """The bucket of an object, the table of an index or a stream; whatever else it is given stays."""
    start, name = arn.rpartition(":")[::2]
    parts = name.split("/")
    return f"{start}:{'/'.join(parts[: 1 if ':s3:' in arn else 2])}"


_REPORTS_OF = ("MagneticStoreWriteProperties", "MagneticStoreRejectedDataLocation", "S3Configuration")


def _inside(properties: Mapping[str, Any], *names: str) -> Any:
    value: Any = properties
    for name in names:
        value = value.get(name, {})
    return value


def _bucket_key(properties: Mapping[str, Any]) -> Any:
    for rule in _inside(properties, "BucketEncryption", "ServerSideEncryptionConfiguration") or ():
        return _inside(rule, "ServerSideEncryptionByDefault", "KMSMasterKeyID")
    return None


_KEY_OF: Mapping[str, Any] = {
    "AWS::DynamoDB::Table": lambda properties: _inside(properties, "SSESpecification", "KMSMasterKeyId"),
    "AWS::Kinesis::Stream": lambda properties: _inside(properties, "StreamEncryption", "KeyId"),
    "AWS::S3::Bucket": _bucket_key,
    "AWS::SNS::Topic": lambda properties: properties.get("KmsMasterKeyId"),
}


def _key_arn(key: str, deployment: Deployment) -> str:
    return (
        key
        if key.startswith("arn:")
        else f"arn:aws:kms:{deployment.region}:{deployment.account_id}:key/{key}"
    )
