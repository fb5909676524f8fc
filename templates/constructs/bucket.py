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
    OwnershipControls,
    OwnershipControlsRule,
    PublicAccessBlockConfiguration,
    ServerSideEncryptionByDefault,
    ServerSideEncryptionRule,
    VersioningConfiguration,
)

from templates.constructs.policy import deny_plain_http, document

# Half-sent uploads are invisible and paid for; a day is far more than any of ours takes.
ABANDONED_UPLOADS = LifecycleRule(
    Id="AbandonedUploads",
    Status="Enabled",
    AbortIncompleteMultipartUpload=AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
)


def add_private_bucket(
    template: Template,
    title: str,
    *,
    name: str,
    encryption: ServerSideEncryptionByDefault,
    rules: Sequence[LifecycleRule] = (),
) -> Bucket:
    """A bucket whose name ends in `-<account>-<region>-an`: only this account can have it, in any region.

    It outlives its stack: what is in it cannot be made again.
    """
    bucket = template.add_resource(
        Bucket(
            title,
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
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
