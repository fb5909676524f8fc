"""Permits for what keeps data: buckets, tables, stream, catalog, key."""

from collections.abc import Sequence

from awacs.aws import Condition, StringLike
from troposphere import Sub

from handlers.vocabulary import LAKE, REJECTED_REPORTS, TIMESTREAM
from templates.components.fleet.permissions.permit import (
    Permit,
    generated,
    here,
    owned,
    tagged_first,
    tagged_so,
)
from templates.config import Config
from templates.names import (
    ARTIFACTS_BUCKET,
    COMPACTION_WORK_GROUP,
    DATABASE,
    EXPORT_BUCKET,
    KEY_ALIAS,
    QUARANTINE_BUCKET,
    WORK_GROUP,
    Named,
)

# The services that use the key in the name of whoever makes a resource under it.
_KEY_USERS = ("dynamodb", "kinesis", "s3")


def data(config: Config) -> Sequence[Permit]:
    """The permits, by the names of buckets, databases and stacks, and by the key's tags."""
    artifacts, exports, quarantine = (
        f"s3:::{config.name(named, region='*')}"
        for named in (ARTIFACTS_BUCKET, EXPORT_BUCKET, QUARANTINE_BUCKET)
    )
    database = config.name(DATABASE)
    streams = here("kinesis", *generated(config, "stream/"))
    return (
        Permit(
            "s3",
            "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration GetAnalyticsConfiguration "
            "GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLogging "
            "GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration "
            "GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging "
            "GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
            "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration ListBucket ListTagsForResource PutBucketOwnershipControls "
            "PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
            "PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource",
            (artifacts, exports, quarantine),
        ),
        Permit(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeImport "
            "DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy "
            "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            here("dynamodb", *generated(config, "table/")),
        ),
        Permit(
            "kinesis",
            "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream "
            "DescribeStreamSummary IncreaseStreamRetentionPeriod ListTagsForResource ListTagsForStream "
            "RemoveTagsFromStream TagResource UntagResource UpdateMaxRecordSize",
            streams,
        ),
        Permit("kinesis", "StartStreamEncryption StopStreamEncryption", (*streams, *here("kms", "key/*"))),
        Permit("kinesis", "UpdateShardCount UpdateStreamMode", ("*",)),
        *_store(config, database, quarantine),
        Permit(
            "glue",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable GetDatabase GetTable UpdateDatabase UpdateTable",
            # A database is deleted with what is in it.
            here(
                "glue",
                "catalog",
                f"database/{database}",
                f"table/{database}/*",
                f"userDefinedFunction/{database}/*",
            ),
        ),
        Permit(
            "athena",
            "CreateWorkGroup DeleteWorkGroup GetWorkGroup ListTagsForResource TagResource UntagResource "
            "UpdateWorkGroup",
            here("athena", *(f"workgroup/{config.name(named)}" for named in _work_groups(config))),
        ),
        *_key(config),
    )


def _store(config: Config, database: str, quarantine: str) -> Sequence[Permit]:
    """The permits for Timestream, which tries the place of its reports in the name of whoever makes the table."""
    if config.store.kind != TIMESTREAM:
        return ()
    return (
        Permit("s3", "GetObject PutObject", (f"{quarantine}/{REJECTED_REPORTS}*",)),
        Permit(
            "timestream",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable DescribeDatabase DescribeTable "
            "ListTagsForResource TagResource UntagResource UpdateDatabase UpdateTable",
            here("timestream", f"database/{database}", f"database/{database}/table/*"),
        ),
        Permit("timestream", "DescribeEndpoints", ("*",)),
    )


def _work_groups(config: Config) -> Sequence[Named]:
    return (WORK_GROUP, COMPACTION_WORK_GROUP) if config.store.kind == LAKE else (WORK_GROUP,)


def _key(config: Config) -> Sequence[Permit]:
    """The permits for the key: by its tags, but for what is done within minutes of its making.

    Tags may take five minutes to count: https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
    """
    keys = here("kms", "key/*")
    key_users = (*_KEY_USERS, TIMESTREAM) if config.store.kind == TIMESTREAM else _KEY_USERS
    users = [Sub(f"{service}.*.${{AWS::URLSuffix}}") for service in key_users]
    return (
        Permit("kms", "ListAliases", ("*",)),
        Permit("kms", "CreateKey", ("*",), tagged_so(config)),
        Permit("kms", "TagResource", keys, tagged_first(config)),
        Permit(
            "kms",
            "DisableKey DisableKeyRotation EnableKey PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource "
            "UpdateKeyDescription",
            keys,
            owned(config),
        ),
        Permit(
            "kms",
            "DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags",
            keys,
        ),
        Permit("kms", "CreateAlias DeleteAlias UpdateAlias", (*keys, *here("kms", config.name(KEY_ALIAS)))),
        # What DynamoDB wants is the most: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        Permit(
            "kms",
            "CreateGrant Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom "
            "ReEncryptTo RevokeGrant",
            keys,
            Condition(StringLike({"kms:ViaService": users})),
        ),
    )
