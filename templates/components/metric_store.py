"""The metric store: the Timestream table and the registry of its dimension names."""

from dataclasses import dataclass
from typing import Any

from awacs import dynamodb
from awacs.aws import Statement
from troposphere import Ref, Template, timestream
from troposphere.dynamodb import Table as DynamoTable

from handlers.vocabulary import DIMENSIONS_KEY
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.components.quarantine import Quarantine
from templates.config import Config
from templates.constructs.alarms import add_total_alarms, first_alarm
from templates.constructs.network import Network
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import RETAINED
from templates.constructs.policy import actions, allow
from templates.constructs.table import add_table

TABLE_NAME = "metrics"

# A late point with an older version is refused after it was accepted. That is no loss, as a newer value stands,
# but it is only known from these reports.
ALARMS = tuple(
    first_alarm(
        f"Reports{whose}",
        f"MagneticStoreRejectedUpload{whose}Failures",
        f"Timestream could not put a report on rejected late points into the quarantine bucket, {because}. Without "
        "the report it cannot be known which.",
    )
    for whose, because in (
        ("User", "as the permissions on the bucket or the key are wrong"),
        ("System", "for a reason of its own"),
    )
)


@dataclass(frozen=True)
class MetricStore:
    """The store, and the grants of those that write to it and read from it."""

    database: timestream.Database
    table: timestream.Table
    dimensions: DynamoTable
    quarantine: Quarantine
    memory_hours: str
    key: Key
    network: Network | None

    @property
    def write_environment(self) -> dict[str, Any]:
        """The variables by which a function that writes points finds the table and the registry."""
        return {
            **self._environment("Ingest"),
            "DIMENSIONS_TABLE": Ref(self.dimensions),
            "MEMORY_RETENTION_HOURS": self.memory_hours,
        }

    @property
    def query_environment(self) -> dict[str, Any]:
        """The variables by which a function that queries points finds the table."""
        return self._environment("Query")

    def _environment(self, cell: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "DATABASE_NAME": Ref(self.database),
            "TABLE_NAME": self.table.get_att("Name"),
        }
        if self.network:
            found["TIMESTREAM_ENDPOINT_URL"] = self.network.cell_url(cell)
        return found

    def write_points(self) -> list[Statement]:
        """The grant to write points, and to admit new dimension names."""
        return [
            allow(actions("timestream", "WriteRecords"), [self.table.get_att("Arn")], Sid="WritePoints"),
            *self._find(),
            allow(
                [dynamodb.GetItem, dynamodb.UpdateItem],
                [self.dimensions.get_att("Arn")],
                Sid="AdmitDimensions",
            ),
            self.key.decrypt("dynamodb"),
            # A late point that Timestream refuses afterwards is reported in the writer's name.
            *self.quarantine.write_reports(),
        ]

    def show_dimensions(self) -> list[Statement]:
        """Nothing: a table of Timestream has a column as soon as it has a point with it."""
        return []

    @property
    def show_environment(self) -> dict[str, Any]:
        """Nothing, likewise."""
        return {}

    def unload_points(self) -> list[Statement]:
        """The grant to export points, and to ask how many there are. AWS lists WriteRecords among what UNLOAD takes.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        unload = actions("timestream", "DescribeTable ListMeasures Select Unload WriteRecords")
        points = allow(unload, [self.table.get_att("Arn")], Sid="UnloadPoints")
        return [points, *self._find(), *self.key.unload()]

    def _find(self) -> list[Statement]:
        """The grant to ask Timestream for its endpoint, which has no resource; in a network the answer is known."""
        return (
            []
            if self.network
            else [allow(actions("timestream", "DescribeEndpoints"), ["*"], Sid="FindTimestream")]
        )


def add_metric_store(
    template: Template, config: Config, platform: Platform, *, quarantine: Quarantine
) -> MetricStore:
    """The table with its companions; all of it outlives the stack."""
    database = template.add_resource(
        timestream.Database(
            "Database",
            **RETAINED,
            DatabaseName=config.database_name,
            KmsKeyId=platform.key.arn,
        )
    )
    table = template.add_resource(
        timestream.Table(
            "MetricsTable",
            **RETAINED,
            DatabaseName=Ref(database),
            TableName=TABLE_NAME,
            RetentionProperties=timestream.RetentionProperties(
                MemoryStoreRetentionPeriodInHours=str(config.store.memory_hours),
                MagneticStoreRetentionPeriodInDays=str(config.store.magnetic_days),
            ),
            MagneticStoreWriteProperties=timestream.MagneticStoreWriteProperties(
                EnableMagneticStoreWrites=True,
                MagneticStoreRejectedDataLocation=quarantine.rejected_data,
            ),
            # Fixed for ever at creation. Not the measure name, of which a table takes 8,192.
            Schema=timestream.Schema(
                CompositePartitionKey=[
                    timestream.PartitionKey(
                        Type="DIMENSION", Name="metric_name", EnforcementInRecord="REQUIRED"
                    )
                ]
            ),
        )
    )
    # One item per Timestream table: the dimension names admitted to it, of which it takes 128 for ever.
    dimensions = add_table(template, "DimensionsTable", key=DIMENSIONS_KEY, key_arn=platform.key.arn)
    add_total_alarms(
        template,
        "MetricsTable",
        ALARMS,
        namespace="AWS/Timestream",
        labels={"DatabaseName": config.database_name, "TableName": TABLE_NAME},
        notify=platform.runtime.alarm_actions,
    )
    add_outputs(
        template,
        ("DatabaseName", Ref(database), "The Timestream database"),
        ("TableName", table.get_att("Name"), "The Timestream table of all points"),
        ("DimensionsTableName", Ref(dimensions), "The registry of admitted dimension names"),
    )
    hours = str(config.store.memory_hours)
    return MetricStore(database, table, dimensions, quarantine, hours, platform.key, platform.runtime.network)
