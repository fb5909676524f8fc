"""Permits for what keeps data: buckets, tables, stream, catalog, key."""

from collections.abc import Sequence

from templates.components.fleet.permissions.permit import Permit, generated, here
from templates.config import Config
from templates.names import (
    ARTIFACTS_BUCKET,
    DATABASE,
    EXPORT_BUCKET,
    KEY_ALIAS,
    QUARANTINE_BUCKET,
    WORK_GROUP,
)


def data(config: Config) -> Sequence[Permit]:
    """The permits, by the names of buckets, databases and stacks."""
    buckets = tuple(
        f"s3:::{config.name(named, region='*')}"
        for named in (ARTIFACTS_BUCKET, EXPORT_BUCKET, QUARANTINE_BUCKET)
    )
    database, alias = config.name(DATABASE), config.name(KEY_ALIAS)
    return (
        Permit(
            "s3",
            "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration GetAnalyticsConfiguration "
            "GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
            "GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration "
            "GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging "
            "GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
            "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration ListBucket ListTagsForResource PutBucketOwnershipControls "
            "PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
            "PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource",
            buckets,
        ),
        Permit(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeImport "
            "DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy "
            "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            (here("dynamodb", f"table/{generated(config)}"),),
        ),
        Permit(
            "kinesis",
            "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream DescribeStream "
            "DescribeStreamSummary IncreaseStreamRetentionPeriod ListTagsForResource ListTagsForStream "
            "RemoveTagsFromStream StartStreamEncryption StopStreamEncryption TagResource UntagResource "
            "UpdateShardCount UpdateStreamMode",
            (here("kinesis", f"stream/{generated(config)}"),),
        ),
        Permit(
            "timestream",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable DescribeDatabase DescribeTable "
            "ListTagsForResource TagResource UntagResource UpdateDatabase UpdateTable",
            (
                here("timestream", f"database/{database}"),
                here("timestream", f"database/{database}/table/*"),
            ),
        ),
        Permit("timestream", "DescribeEndpoints", ("*",)),
        Permit(
            "glue",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable GetDatabase GetTable UpdateDatabase UpdateTable",
            (
                here("glue", "catalog"),
                here("glue", f"database/{database}"),
                here("glue", f"table/{database}/*"),
            ),
        ),
        Permit(
            "athena",
            "CreateWorkGroup DeleteWorkGroup GetWorkGroup ListTagsForResource TagResource UntagResource "
            "UpdateWorkGroup",
            (here("athena", f"workgroup/{config.name(WORK_GROUP)}"),),
        ),
        # A key's ARN is known only once it is made.
        Permit("kms", "CreateKey ListAliases", ("*",)),
        Permit(
            "kms",
            "CreateAlias CreateGrant Decrypt DeleteAlias DescribeKey DisableKey DisableKeyRotation EnableKey "
            "EnableKeyRotation Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GetKeyPolicy "
            "GetKeyRotationStatus ListResourceTags PutKeyPolicy RevokeGrant ScheduleKeyDeletion TagResource "
            "UntagResource UpdateAlias UpdateKeyDescription",
            (here("kms", "key/*"), here("kms", alias)),
        ),
    )
