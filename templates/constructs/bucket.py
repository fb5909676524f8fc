"""Private buckets: encrypted with the stack's key, TLS only, versioned, closed to the public."""

from collections.abc import Sequence

from awacs import s3
from troposphere import Ref, Sub, Template
from troposphere.s3 import (
    AbortIncompleteMultipartUpload,
    Bucket,
    BucketEncryption,
    BucketPolicy,
    LifecycleConfiguration,
    LifecycleRule,
    NoncurrentVersionExpiration,
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from templates.constructs.ownership import RETAINED
from templates.constructs.policy import deny_plain_http, document


def rule(name: str, *, replaced_days: int | None = None, **actions: object) -> LifecycleRule:
    """A rule of a bucket's lifecycle; versions that were replaced or deleted go after `replaced_days`."""
    if replaced_days is not None:
        actions["NoncurrentVersionExpiration"] = NoncurrentVersionExpiration(NoncurrentDays=replaced_days)
    return LifecycleRule(Id=name, Status="Enabled", **actions)


# Half-sent uploads are invisible and paid for; a day is far more than any of ours takes.
ABANDONED_UPLOADS = rule(
    "AbandonedUploads", AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=1)
)


def add_private_bucket(
    template: Template,
    title: str,
    *,
    name: str,
    key_arn: object | None,
    rules: Sequence[LifecycleRule],
) -> Bucket:
    """A bucket whose name ends in `-<account>-<region>-an`: only this account can have it, in any region.

    It outlives its stack: what is in it cannot be made again. Without a key it is encrypted with S3's own.
    """
    encryption = (
        ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn)
        if key_arn
        else ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    bucket = template.add_resource(
        Bucket(
            title,
            **RETAINED,
            BucketName=Sub(name),
            BucketNamespace="account-regional",
            BucketEncryption=BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    ServerSideEncryptionRule(BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption)
                ]
            ),
            LifecycleConfiguration=LifecycleConfiguration(Rules=[ABANDONED_UPLOADS, *rules]),
            OwnershipControls=OwnershipControls(
                Rules=[OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=PublicAccessBlockConfiguration(
                BlockPublicAcls=True,
                BlockPublicPolicy=True,
                IgnorePublicAcls=True,
                RestrictPublicBuckets=True,
            ),
            VersioningConfiguration=VersioningConfiguration(Status="Enabled"),
        )
    )
    template.add_resource(
        BucketPolicy(
            f"{title}Policy",
            Bucket=Ref(bucket),
            PolicyDocument=document(
                deny_plain_http(s3.Action("*"), [bucket.get_att("Arn"), objects(bucket)])
            ),
        )
    )
    return bucket


def objects(bucket: Bucket, prefix: str = "") -> Sub:
    """The ARN of the bucket's objects below a prefix."""
    return Sub(f"${{Bucket}}/{prefix}*", Bucket=bucket.get_att("Arn"))
