"""Private buckets: encrypted with the stack's key, TLS only, versioned, closed to the public."""

from collections.abc import Sequence

from awacs.aws import Action
from troposphere import Ref, Sub, Template, s3

from templates.constructs.ownership import RETAINED
from templates.constructs.policy import deny_plain_http, document


def rule(name: str, *, replaced_days: int | None = None, **actions: object) -> s3.LifecycleRule:
    """A rule of a bucket's lifecycle; versions that were replaced or deleted go after `replaced_days`."""
    if replaced_days is not None:
        actions["NoncurrentVersionExpiration"] = s3.NoncurrentVersionExpiration(NoncurrentDays=replaced_days)
    return s3.LifecycleRule(Id=name, Status="Enabled", **actions)


# Half-sent uploads are invisible and paid for; a day is far more than any of ours takes.
ABANDONED_UPLOADS = rule(
    "AbandonedUploads",
    AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
)


def add_private_bucket(
    template: Template,
    title: str,
    *,
    name: str,
    key_arn: object | None,
    rules: Sequence[s3.LifecycleRule],
) -> s3.Bucket:
    """A bucket whose name ends in `-<account>-<region>-an`: only this account can have it, in any region.

    It outlives its stack: what is in it cannot be made again. Without a key it is encrypted with S3's own.
    """
    encryption = (
        s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn)
        if key_arn
        else s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    bucket = template.add_resource(
        s3.Bucket(
            title,
            **RETAINED,
            BucketName=Sub(name),
            BucketNamespace="account-regional",
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption
                    )
                ]
            ),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=[ABANDONED_UPLOADS, *rules]),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True,
                BlockPublicPolicy=True,
                IgnorePublicAcls=True,
                RestrictPublicBuckets=True,
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        )
    )
    template.add_resource(
        s3.BucketPolicy(
            f"{title}Policy",
            Bucket=Ref(bucket),
            PolicyDocument=document(
                deny_plain_http(Action("s3", "*"), [bucket.get_att("Arn"), objects(bucket)])
            ),
        )
    )
    return bucket


def objects(bucket: s3.Bucket, prefix: str = "") -> Sub:
    """The ARN of the bucket's objects below a prefix."""
    return Sub(f"${{Bucket}}/{prefix}*", Bucket=bucket.get_att("Arn"))
