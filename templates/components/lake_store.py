"""The metric store as a lake: points are objects in the bucket of exports, which Athena reads through the catalog."""

from dataclasses import dataclass
from typing import Any

from awacs import dynamodb, s3
from awacs.aws import Statement
from troposphere import Ref, Sub, Template, athena
from troposphere.dynamodb import Table as DynamoTable

from handlers import lake
from handlers.vocabulary import AGGREGATES, DIMENSIONS_KEY, LAKE, METRICS
from templates.components.exporting.store import ATHENA_RESULTS, ExportStore, add_work_group
from templates.components.lake_tables import add_lake_tables
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.bucket import objects
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import actions, allow
from templates.constructs.table import add_table
from templates.names import COMPACTION_WORK_GROUP


@dataclass(frozen=True)
class LakeStore:
    """The lake, and the grants of those that write to it and read from it."""

    exports: ExportStore
    dimensions: DynamoTable
    work_group: athena.WorkGroup
    key: Key

    @property
    def write_environment(self) -> dict[str, Any]:
        """The variables by which a function that writes points finds the bucket, the catalog and the registry."""
        return {
            "LAKE_BUCKET": Ref(self.exports.bucket),
            "GLUE_DATABASE": Ref(self.exports.catalog.database),
            "TABLE_NAME": lake.POINTS,
            "DIMENSIONS_TABLE": Ref(self.dimensions),
        }

    @property
    def show_environment(self) -> dict[str, Any]:
        """The variables by which a function that shows admitted names finds the catalog and the registry."""
        return {
            "STORE_KIND": LAKE,
            "GLUE_DATABASE": Ref(self.exports.catalog.database),
            "TABLE_NAME": lake.POINTS,
            "DIMENSIONS_TABLE": Ref(self.dimensions),
        }

    @property
    def query_environment(self) -> dict[str, Any]:
        """The variables by which a function that queries points finds the catalog."""
        return {**self.show_environment, "WORK_GROUP": Ref(self.work_group)}

    def write_points(self) -> list[Statement]:
        """The grant to write points, to admit new dimension names, and to show them to readers."""
        lines = [objects(self.exports.bucket, f"{table}/") for table in (lake.HOT, lake.LATE)]
        registry = [self.dimensions.get_att("Arn")]
        return [
            allow([s3.PutObject], lines, Sid="WritePoints"),
            self.key.encrypt("s3"),
            allow([dynamodb.UpdateItem], registry, Sid="AdmitDimensions"),
            *self.show_dimensions(),
        ]

    def show_dimensions(self) -> list[Statement]:
        """The grant to read which names are admitted, and to give them columns in what people read."""
        shown = self.exports.catalog.arns(METRICS, lake.POINTS)
        return [
            allow([dynamodb.GetItem], [self.dimensions.get_att("Arn")], Sid="ReadDimensions"),
            self.key.decrypt("dynamodb"),
            allow(actions("glue", "GetTable UpdateTable"), shown, Sid="ShowDimensions"),
        ]

    def unload_points(self) -> list[Statement]:
        """The grant to query points, and to export them: Athena reads, and writes, in the name of who asks.

        https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
        """
        bucket = self.exports.bucket
        group = Sub(
            "arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:workgroup/${Group}",
            Group=Ref(self.work_group),
        )
        results = objects(bucket, ATHENA_RESULTS)
        data = [objects(bucket, prefix) for prefix in lake.RETAINED_PREFIXES]
        tables = (lake.HOT, lake.LATE, METRICS, AGGREGATES, lake.REPLACED, lake.POINTS, lake.SUPERSEDED)
        return [
            allow(
                actions(
                    "athena",
                    "GetQueryExecution GetQueryResults StartQueryExecution StopQueryExecution",
                ),
                [group],
                Sid="QueryPoints",
            ),
            allow(
                actions("glue", "BatchGetPartition GetDatabase GetPartition GetPartitions GetTable"),
                self.exports.catalog.arns(*tables),
                Sid="FindPoints",
            ),
            # Athena asks for this one whatever a query names.
            allow(
                actions("glue", "GetDatabase"),
                [Sub("arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:database/default")],
                Sid="LookFirst",
            ),
            allow([s3.GetBucketLocation, s3.ListBucket], [bucket.get_att("Arn")], Sid="ListPoints"),
            allow([s3.GetObject], [*data, results], Sid="ReadPoints"),
            allow(
                actions("s3", "AbortMultipartUpload ListMultipartUploadParts PutObject"),
                [results],
                Sid="WriteResults",
            ),
            self.key.encrypt("s3"),
            self.key.decrypt("s3"),
            *self.show_dimensions(),
        ]


def add_lake_store(
    template: Template, config: Config, platform: Platform, *, exports: ExportStore
) -> LakeStore:
    """Tables and views over the bucket of exports, and the registry of dimension names; it all outlives the stack."""
    add_lake_tables(template, config, exports)
    # One item: the dimension names admitted, each of which is a column of what people read.
    dimensions = add_table(template, "DimensionsTable", key=DIMENSIONS_KEY, key_arn=platform.key.arn)
    # A reader's limit must not end a compaction.
    work_group = add_work_group(
        template,
        "CompactionWorkGroup",
        config.name(COMPACTION_WORK_GROUP),
        "The queries of the hourly compaction",
        bucket=exports.bucket,
        key=platform.key,
    )
    add_outputs(
        template,
        ("TableName", lake.POINTS, "The view of all points in the database of the exports"),
        ("DimensionsTableName", Ref(dimensions), "The registry of admitted dimension names"),
    )
    return LakeStore(exports, dimensions, work_group, platform.key)
