"""The metric store: the Timestream table and the registry of its dimension names."""

from dataclasses import dataclass

from awacs import dynamodb, timestream
from awacs.aws import Statement
from troposphere import GetAtt, Ref, Template
from troposphere.dynamodb import (
    AttributeDefinition,
    KeySchema,
    PointInTimeRecoverySpecification,
    SSESpecification,
)
from troposphere.dynamodb import Table as DynamoTable
from troposphere.timestream import (
    Database,
    MagneticStoreWriteProperties,
    PartitionKey,
    RetentionProperties,
    Schema,
    Table,
)

from handlers.vocabulary import DIMENSIONS_KEY
from templates.components.key import Key
from templates.components.operators import Operators
from templates.components.quarantine import Quarantine
from templates.config import Config
from templates.constructs.alarms import Alarm, add_total_alarms
from templates.constructs.policy import allow

TABLE_NAME = "metrics"

# A late point with an older version is refused after it was accepted. That is no loss, as a newer value stands,
# but it is only known from these reports.
ALARMS = tuple(
    Alarm(
        f"Reports{whose}",
        f"MagneticStoreRejectedUpload{whose}Failures",
        "Sum",
        1,
        f"Timestream could not put a report on rejected late points into the quarantine bucket, {because}. Without "
        "the report nobody knows which.",
        period=300,
    )
    for whose, because in (
        ("User", "as the permissions on the bucket or the key are wrong"),
        ("System", "for a reason of its own"),
    )
)


@dataclass(frozen=True)
class MetricStore:
    """The store, and what writing to it and setting points aside take."""

    database: Database
    table: Table
    dimensions: DynamoTable
    rejects_to: Quarantine
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

    def write(self) -> list[Statement]:
        """Write points, and admit new dimension names."""
        return [
            allow([timestream.WriteRecords], [self.table.get_att("Arn")], Sid="WritePoints"),
            # Timestream is asked for its endpoint first, and that question has no resource.
            allow([timestream.DescribeEndpoints], ["*"], Sid="FindTimestream"),
            allow(
                [dynamodb.GetItem, dynamodb.UpdateItem],
                [self.dimensions.get_att("Arn")],
                Sid="AdmitDimensions",
            ),
            self.key.decrypt("dynamodb"),
            # A late point that Timestream refuses afterwards is reported in the writer's name.
            *self.rejects_to.report(),
        ]

    def unload(self) -> list[Statement]:
        """Export points, and ask how many there are. AWS lists WriteRecords among what UNLOAD takes.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        actions = [
            timestream.DescribeTable,
            timestream.ListMeasures,
            timestream.Select,
            timestream.Unload,
            timestream.WriteRecords,
        ]
        return [
            allow(actions, [self.table.get_att("Arn")], Sid="UnloadPoints"),
            allow([timestream.DescribeEndpoints], ["*"], Sid="FindTimestream"),
        ]


def add_metric_store(
    template: Template, config: Config, *, rejects_to: Quarantine, key: Key, alarms_to: Operators
) -> MetricStore:
    """The table with its companions; all of it outlives the stack."""
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
                MagneticStoreRejectedDataLocation=rejects_to.rejected_data,
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
    add_total_alarms(
        template,
        "MetricsTable",
        ALARMS,
        namespace="AWS/Timestream",
        where={"DatabaseName": config.database_name, "TableName": TABLE_NAME},
        notify=alarms_to.actions,
    )
    return MetricStore(database, table, dimensions, rejects_to, key)


def add_dimension_registry(template: Template, *, key: Key) -> DynamoTable:
    """One item per Timestream table: the dimension names admitted to it, of which it takes 128 for ever."""
    return template.add_resource(
        DynamoTable(
            "DimensionsTable",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[AttributeDefinition(AttributeName=DIMENSIONS_KEY[0], AttributeType="S")],
            KeySchema=[KeySchema(AttributeName=DIMENSIONS_KEY[0], KeyType="HASH")],
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(
                PointInTimeRecoveryEnabled=True
            ),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key.arn),
        )
    )
