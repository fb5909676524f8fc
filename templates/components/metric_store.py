"""The metric store: the Timestream table, its registry of dimension names, and the quarantine."""

from dataclasses import dataclass

from awacs import dynamodb, s3, timestream
from awacs.aws import Condition, Statement, StringEquals
from troposphere import AWSHelperFn, GetAtt, Ref, Template
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
)
from troposphere.dynamodb import Table as DynamoTable
from troposphere.s3 import (
    Bucket,
    LifecycleRule,
    NoncurrentVersionExpiration,
    ServerSideEncryptionByDefault,
)
from troposphere.timestream import (
    Database,
    MagneticStoreRejectedDataLocation,
    MagneticStoreWriteProperties,
    PartitionKey,
    RetentionProperties,
    S3Configuration,
    Schema,
    Table,
)

from templates.components.key import Key
from templates.components.operators import Operators
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.bucket import add_private_bucket, objects
from templates.constructs.policy import allow

TABLE_NAME = "metrics"
QUARANTINE_PREFIX = "quarantine/"
REJECTED_PREFIX = "rejected/"

ALARMS = (
    Alarm(
        "RejectedLate",
        "MagneticStoreRejectedRecordCount",
        "Sum",
        1,
        "Timestream accepted a late point and refused it afterwards. Nothing else shows it: the reports are below "
        f"{REJECTED_PREFIX} in the quarantine bucket.",
        period=300,
    ),
    Alarm(
        "ReportsLost",
        "MagneticStoreRejectedUploadUserFailures",
        "Sum",
        1,
        "Timestream could not put a rejection report into the quarantine bucket: its policy or the key is wrong, "
        "and points would be lost without a trace.",
        period=300,
    ),
)


@dataclass(frozen=True)
class MetricStore:
    """The store, and what writing to it and setting points aside take."""

    database: Database
    table: Table
    dimensions: DynamoTable
    quarantine: Bucket
    key: Key

    @property
    def database_name(self) -> Ref:
        """The database's name."""
        return Ref(self.database)

    @property
    def table_name(self) -> GetAtt:
        """The table's name."""
        return self.table.get_att("Name")

    @property
    def dimensions_name(self) -> Ref:
        """The registry's name."""
        return Ref(self.dimensions)

    @property
    def quarantine_name(self) -> Ref:
        """The quarantine bucket's name."""
        return Ref(self.quarantine)

    def write(self) -> list[Statement]:
        """Write points, and admit new dimension names."""
        return [
            allow([timestream.WriteRecords], [self.table.get_att("Arn")], Sid="WritePoints"),
            # Timestream is asked for its endpoint first, and that question has no resource.
            allow([timestream.DescribeEndpoints], ["*"], Sid="FindTimestream"),
            allow(
                [dynamodb.GetItem, dynamodb.PutItem, dynamodb.UpdateItem],
                [self.dimensions.get_att("Arn")],
                Sid="AdmitDimensions",
            ),
            self.key.decrypt("dynamodb"),
        ]

    def set_aside(self) -> list[Statement]:
        """Put what cannot be stored into the quarantine."""
        return [
            allow([s3.PutObject], [objects(self.quarantine, QUARANTINE_PREFIX)], Sid="Quarantine"),
            self.key.encrypt("s3"),
        ]

    def take_failures(self) -> list[Statement]:
        """Take what Lambda gives up on: it checks for the bucket first, and must not be led to another's."""
        own = Condition(StringEquals({"s3:ResourceAccount": Ref("AWS::AccountId")}))
        return [
            allow([s3.ListBucket], [self.quarantine.get_att("Arn")], Sid="FindBucket", Condition=own),
            allow([s3.PutObject], [objects(self.quarantine, "aws/lambda/")], Sid="GiveUp", Condition=own),
            self.key.encrypt("s3"),
        ]


def add_metric_store(template: Template, config: Config, *, key: Key, alarms_to: Operators) -> MetricStore:
    """The table with its companions; all of it outlives the stack."""
    quarantine = add_quarantine(template, config, key=key)
    database = template.add_resource(
        Database(
            "Database",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            DatabaseName=config.database_name,
            KmsKeyId=key.arn,
        )
    )
    table = template.add_resource(
        Table(
            "MetricsTable",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            DatabaseName=Ref(database),
            TableName=TABLE_NAME,
            RetentionProperties=RetentionProperties(
                MemoryStoreRetentionPeriodInHours=str(config.store.memory_hours),
                MagneticStoreRetentionPeriodInDays=str(config.store.magnetic_days),
            ),
            MagneticStoreWriteProperties=MagneticStoreWriteProperties(
                EnableMagneticStoreWrites=True,
                MagneticStoreRejectedDataLocation=rejected_to(quarantine, key),
            ),
            # Fixed for ever at creation. Not the measure name, of which a table takes 8,192.
            Schema=Schema(
                CompositePartitionKey=[
                    PartitionKey(Type="DIMENSION", Name="metric_name", EnforcementInRecord="REQUIRED")
                ]
            ),
        )
    )
    dimensions = add_dimension_registry(template, key=key)
    add_alarms(
        template,
        "MetricsTable",
        ALARMS,
        namespace="AWS/Timestream",
        dimensions={
            "DatabaseName": Ref(database),
            "TableName": table.get_att("Name"),
            "Operation": "WriteRecords",
        },
        notify=alarms_to.actions,
    )
    return MetricStore(database, table, dimensions, quarantine, key)


def add_quarantine(template: Template, config: Config, *, key: Key) -> Bucket:
    """The bucket of everything that was accepted and could not be stored."""
    days = config.store.quarantine_days
    return add_private_bucket(
        template,
        "QuarantineBucket",
        name=f"{config.stack_name}-quarantine",
        encryption=ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key.arn),
        rules=[
            LifecycleRule(
                Id="Forget",
                Status="Enabled",
                ExpirationInDays=days,
                NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=7),
            )
        ],
    )


def rejected_to(quarantine: Bucket, key: Key) -> AWSHelperFn:
    """Where Timestream reports late points that it refuses after it accepted them."""
    return MagneticStoreRejectedDataLocation(
        S3Configuration=S3Configuration(
            BucketName=Ref(quarantine),
            ObjectKeyPrefix=REJECTED_PREFIX.rstrip("/"),
            EncryptionOption="SSE_KMS",
            KmsKeyId=key.arn,
        )
    )


def add_dimension_registry(template: Template, *, key: Key) -> DynamoTable:
    """One item per Timestream table: the dimension names admitted to it, of which it takes 128 for ever."""
    return template.add_resource(
        DynamoTable(
            "DimensionsTable",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[AttributeDefinition(AttributeName="table_name", AttributeType="S")],
            KeySchema=[KeySchema(AttributeName="table_name", KeyType="HASH")],
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(
                PointInTimeRecoveryEnabled=True
            ),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key.arn),
        )
    )
