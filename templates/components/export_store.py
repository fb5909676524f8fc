"""The export store: the bucket of hours, the ledger that says which are due, and the catalog readers find them in."""

from dataclasses import dataclass

from awacs import dynamodb, glue, s3
from awacs.aws import Statement
from troposphere import Ref, Sub, Template, athena
from troposphere import glue as catalog
from troposphere.dynamodb import (
    AttributeDefinition,
    GlobalSecondaryIndex,
    KeySchema,
    PointInTimeRecoverySpecification,
    Projection,
    SSESpecification,
)
from troposphere.dynamodb import Table as DynamoTable
from troposphere.s3 import (
    Bucket,
    LifecycleRule,
    LifecycleRuleTransition,
    NoncurrentVersionExpiration,
    ServerSideEncryptionByDefault,
)

from handlers.vocabulary import DATASETS, DUE_INDEX, DUE_KEY, EXPORT_HOURS_KEY, FIXED_COLUMNS
from templates.components.key import Key
from templates.config import Config
from templates.constructs.bucket import add_private_bucket, objects
from templates.constructs.policy import allow
from templates.names import DATABASE, EXPORT_BUCKET, WORK_GROUP

ATHENA_RESULTS = "athena/"

_DESCRIPTIONS = {
    "metrics": "The points of an hour, as they were stored",
    "aggregates": "Count, sum, min, max, avg and approximate percentiles of each series and minute",
}
_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class ExportStore:
    """Where exports are, and what writing, publishing, tidying and marking them take."""

    bucket: Bucket
    hours: DynamoTable
    database: catalog.Database
    tables: tuple[catalog.Table, ...]
    work_group: athena.WorkGroup
    key: Key

    @property
    def bucket_name(self) -> Ref:
        """The bucket's name."""
        return Ref(self.bucket)

    @property
    def hours_name(self) -> Ref:
        """The ledger's name."""
        return Ref(self.hours)

    @property
    def database_name(self) -> Ref:
        """The catalog database's name."""
        return Ref(self.database)

    def mark(self) -> list[Statement]:
        """Mark the hours of late points."""
        return [
            allow([dynamodb.UpdateItem], [self.hours.get_att("Arn")], Sid="MarkHours"),
            self.key.decrypt("dynamodb"),
        ]

    def keep_ledger(self) -> list[Statement]:
        """Read and change the entries of hours."""
        table = self.hours.get_att("Arn")
        index = Sub("${Table}/index/" + DUE_INDEX, Table=table)
        actions = [dynamodb.BatchGetItem, dynamodb.GetItem, dynamodb.UpdateItem]
        return [
            allow(actions, [table], Sid="KeepLedger"),
            allow([dynamodb.Query], [index], Sid="FindDueHours"),
            self.key.decrypt("dynamodb"),
        ]

    def write(self) -> list[Statement]:
        """Let Timestream write files, in the name of who runs the UNLOAD.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        files = [objects(self.bucket, f"{dataset}/") for dataset in DATASETS]
        return [
            allow([s3.GetBucketAcl], [self.bucket.get_att("Arn")], Sid="CheckExportBucket"),
            allow([s3.AbortMultipartUpload, s3.GetObject, s3.PutObject], files, Sid="WriteFiles"),
            self.key.encrypt("s3"),
            *self.key.unload(),
        ]

    def publish(self) -> list[Statement]:
        """Read what was written, say what it is, and point readers at it."""
        arn = self.bucket.get_att("Arn")
        return [
            allow([s3.ListBucket], [arn], Sid="ListFiles"),
            allow([s3.GetObject, s3.PutObject], [objects(self.bucket, "metrics/")], Sid="WriteStatus"),
            allow([s3.GetObject], [objects(self.bucket, "aggregates/")], Sid="ReadManifests"),
            self.key.encrypt("s3"),
            allow(
                [
                    glue.CreatePartition,
                    glue.GetPartition,
                    glue.GetTable,
                    glue.UpdatePartition,
                    glue.UpdateTable,
                ],
                self._catalog(),
                Sid="Publish",
            ),
        ]

    def tidy(self) -> list[Statement]:
        """Delete files, but no version of them, that the catalog does not point at."""
        files = [objects(self.bucket, f"{dataset}/") for dataset in DATASETS]
        return [
            allow([s3.ListBucket], [self.bucket.get_att("Arn")], Sid="ListFiles"),
            allow([s3.DeleteObject], files, Sid="DeleteFiles"),
            allow([glue.GetPartition], self._catalog(), Sid="SeeWhatIsPublished"),
        ]

    def _catalog(self) -> list[Sub]:
        """Catalog, database and tables: Glue wants a permission on all three, and offers the ARN of none."""
        start = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
        tables = [
            Sub(start + "table/${Database}/${Table}", Database=self.database_name, Table=Ref(table))
            for table in self.tables
        ]
        database = Sub(start + "database/${Database}", Database=self.database_name)
        return [Sub(start + "catalog"), database, *tables]


def add_export_store(template: Template, config: Config, *, key: Key) -> ExportStore:
    """Bucket, ledger and catalog; all of it outlives the stack."""
    bucket = _add_bucket(template, config, key=key)
    hours = _add_hours(template, key=key)
    database = template.add_resource(
        catalog.Database(
            "ExportDatabase",
            **_KEPT,
            CatalogId=Ref("AWS::AccountId"),
            DatabaseInput=catalog.DatabaseInput(
                Name=config.name(DATABASE), Description="Hourly exports of the metrics"
            ),
        )
    )
    tables = tuple(_add_table(template, dataset, database=database, bucket=bucket) for dataset in DATASETS)
    work_group = _add_work_group(template, config, bucket=bucket, key=key)
    return ExportStore(bucket, hours, database, tables, work_group, key)


def _add_bucket(template: Template, config: Config, *, key: Key) -> Bucket:
    return add_private_bucket(
        template,
        "ExportBucket",
        name=config.name(EXPORT_BUCKET),
        encryption=ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key.arn),
        rules=[
            # Files of replaced runs are deleted a day after they were replaced; their versions go a week later.
            LifecycleRule(
                Id="ReplacedRuns",
                Status="Enabled",
                ExpiredObjectDeleteMarker=True,
                NoncurrentVersionExpiration=NoncurrentVersionExpiration(NoncurrentDays=7),
            ),
            # Last month's hours are read now and then, older ones hardly; S3 follows what really happens.
            LifecycleRule(
                Id="ColderStorage",
                Status="Enabled",
                Transitions=[
                    LifecycleRuleTransition(StorageClass="INTELLIGENT_TIERING", TransitionInDays=30)
                ],
            ),
            LifecycleRule(Id="QueryResults", Status="Enabled", Prefix=ATHENA_RESULTS, ExpirationInDays=7),
        ],
    )


def _add_hours(template: Template, *, key: Key) -> DynamoTable:
    return template.add_resource(
        DynamoTable(
            "ExportHoursTable",
            **_KEPT,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                AttributeDefinition(AttributeName=EXPORT_HOURS_KEY[0], AttributeType="S"),
                AttributeDefinition(AttributeName=DUE_KEY[0], AttributeType="S"),
                AttributeDefinition(AttributeName=DUE_KEY[1], AttributeType="N"),
            ],
            KeySchema=[KeySchema(AttributeName=EXPORT_HOURS_KEY[0], KeyType="HASH")],
            # Only hours that want something have `work`, so the index holds no others.
            GlobalSecondaryIndexes=[
                GlobalSecondaryIndex(
                    IndexName=DUE_INDEX,
                    KeySchema=[
                        KeySchema(AttributeName=DUE_KEY[0], KeyType="HASH"),
                        KeySchema(AttributeName=DUE_KEY[1], KeyType="RANGE"),
                    ],
                    Projection=Projection(ProjectionType="KEYS_ONLY"),
                )
            ],
            PointInTimeRecoverySpecification=PointInTimeRecoverySpecification(
                PointInTimeRecoveryEnabled=True
            ),
            SSESpecification=SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key.arn),
        )
    )


def _add_table(
    template: Template, dataset: str, *, database: catalog.Database, bucket: Bucket
) -> catalog.Table:
    """A table with the columns that every point has; those of dimensions come with the points that have them."""
    return template.add_resource(
        catalog.Table(
            f"Export{dataset.capitalize()}Table",
            **_KEPT,
            CatalogId=Ref("AWS::AccountId"),
            DatabaseName=Ref(database),
            TableInput=catalog.TableInput(
                Name=dataset,
                Description=_DESCRIPTIONS[dataset],
                TableType="EXTERNAL_TABLE",
                Parameters={"EXTERNAL": "TRUE", "classification": "parquet"},
                PartitionKeys=[
                    catalog.Column(Name="export_date", Type="string", Comment="UTC day, such as 2026-11-22"),
                    catalog.Column(Name="export_hour", Type="string", Comment="UTC hour, 00 to 23"),
                ],
                StorageDescriptor=catalog.StorageDescriptor(
                    Columns=[catalog.Column(Name=name, Type=kind) for name, kind in FIXED_COLUMNS[dataset]],
                    Location=Sub(f"s3://${{Bucket}}/{dataset}/", Bucket=Ref(bucket)),
                    InputFormat=f"{_PARQUET}.MapredParquetInputFormat",
                    OutputFormat=f"{_PARQUET}.MapredParquetOutputFormat",
                    SerdeInfo=catalog.SerdeInfo(SerializationLibrary=f"{_PARQUET}.serde.ParquetHiveSerDe"),
                ),
            ),
        )
    )


def _add_work_group(template: Template, config: Config, *, bucket: Bucket, key: Key) -> athena.WorkGroup:
    """Athena bills what it reads, so a query that reads too much is stopped."""
    return template.add_resource(
        athena.WorkGroup(
            "ExportWorkGroup",
            Name=config.name(WORK_GROUP),
            Description="Queries over the hourly exports",
            # Past queries are in it, and would keep it, and so its stack, from being deleted.
            RecursiveDeleteOption=True,
            WorkGroupConfiguration=athena.WorkGroupConfiguration(
                EnforceWorkGroupConfiguration=True,
                PublishCloudWatchMetricsEnabled=True,
                BytesScannedCutoffPerQuery=config.export.scan_limit_gb * 10**9,
                ResultConfiguration=athena.ResultConfiguration(
                    OutputLocation=Sub(f"s3://${{Bucket}}/{ATHENA_RESULTS}", Bucket=Ref(bucket)),
                    EncryptionConfiguration=athena.EncryptionConfiguration(
                        EncryptionOption="SSE_KMS", KmsKey=key.arn
                    ),
                ),
            ),
        )
    )
