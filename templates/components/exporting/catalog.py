"""The catalog of the exports: a Glue database with a table for each dataset, in which readers find whole hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from awacs.aws import Statement
from troposphere import Ref, Sub, Template, glue
from troposphere.s3 import Bucket

from handlers import lake
from handlers.vocabulary import DATASETS, FIXED_COLUMNS, LAKE
from templates.config import Config
from templates.constructs.ownership import RETAINED
from templates.constructs.policy import actions, allow
from templates.names import DATABASE

_DESCRIPTIONS = {
    "metrics": "The points of an hour, as they were stored",
    "aggregates": "Count, sum, min, max, avg and approximate percentiles of each series and minute",
}
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class Catalog:
    """The database and its tables, and the grants of those that publish hours in them."""

    database: glue.Database
    tables: tuple[object, ...]

    def publish(self) -> Statement:
        """The grant to point partitions at new files, and to add columns to tables."""
        updates = actions("glue", "CreatePartition GetTable UpdatePartition UpdateTable")
        return allow(updates, self.arns(*self.tables), Sid="Publish")

    def read(self, *more: str) -> Statement:
        """The grant to see which files a partition points at."""
        return allow(
            actions("glue", " ".join(["GetPartition", *more])),
            self.arns(*self.tables),
            Sid="SeeWhatIsPublished",
        )

    def arns(self, *names: object) -> list[Sub]:
        """Catalog, database and tables: Glue wants a permission on all three, and offers the ARN of none."""
        start = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
        tables = [
            Sub(start + "table/${Database}/${Table}", Database=Ref(self.database), Table=name)
            for name in names
        ]
        return [
            Sub(start + "catalog"),
            Sub(start + "database/${Database}", Database=Ref(self.database)),
            *tables,
        ]


def add_catalog(template: Template, config: Config, *, bucket: Bucket) -> Catalog:
    """The database and a table of each dataset's files in the bucket; all of it outlives the stack."""
    database = template.add_resource(
        glue.Database(
            "ExportDatabase",
            **RETAINED,
            CatalogId=Ref("AWS::AccountId"),
            DatabaseInput=glue.DatabaseInput(
                Name=config.name(DATABASE), Description="Hourly exports of the metrics"
            ),
        )
    )
    columns = lake.COLUMNS if config.store.kind == LAKE else FIXED_COLUMNS
    tables = [
        add_parquet_table(
            template,
            f"Export{dataset.capitalize()}Table",
            dataset,
            _DESCRIPTIONS[dataset],
            columns[dataset],
            database=database,
            bucket=bucket,
        )
        for dataset in DATASETS
    ]
    # The lake's own table is part of its store.
    others = [dataset for dataset in datasets(config) if dataset not in DATASETS]
    return Catalog(database, (*map(Ref, tables), *others))


def datasets(config: Config) -> tuple[str, ...]:
    """The datasets of an exported hour, each of which has a table, and a folder in the bucket."""
    return (*DATASETS, lake.REPLACED) if config.store.kind == LAKE else DATASETS


def add_parquet_table(
    template: Template,
    title: str,
    name: str,
    description: str,
    columns: Sequence[tuple[str, str]],
    *,
    database: glue.Database,
    bucket: Bucket,
) -> glue.Table:
    """A table with a partition for each hour; columns of dimensions come with the points that have them."""
    return add_catalog_table(
        template,
        title,
        database,
        Name=name,
        Description=description,
        TableType="EXTERNAL_TABLE",
        Parameters={"EXTERNAL": "TRUE", "classification": "parquet"},
        PartitionKeys=[
            glue.Column(Name="export_date", Type="string", Comment="UTC day, such as 2026-11-22"),
            glue.Column(Name="export_hour", Type="string", Comment="UTC hour, 00 to 23"),
        ],
        StorageDescriptor=glue.StorageDescriptor(
            Columns=catalog_columns(columns),
            Location=Sub(f"s3://${{Bucket}}/{name}/", Bucket=Ref(bucket)),
            InputFormat=f"{_PARQUET}.MapredParquetInputFormat",
            OutputFormat=f"{_PARQUET}.MapredParquetOutputFormat",
            SerdeInfo=glue.SerdeInfo(SerializationLibrary=f"{_PARQUET}.serde.ParquetHiveSerDe"),
        ),
    )


def add_catalog_table(
    template: Template, title: str, database: glue.Database, **table_input: Any
) -> glue.Table:
    """A table or view of the database, which outlives the stack."""
    return template.add_resource(
        glue.Table(
            title,
            **RETAINED,
            CatalogId=Ref("AWS::AccountId"),
            DatabaseName=Ref(database),
            TableInput=glue.TableInput(**table_input),
        )
    )


def catalog_columns(columns: Iterable[tuple[str, str]]) -> list[glue.Column]:
    """Columns by name and type, in the catalog's words."""
    return [glue.Column(Name=name, Type=kind) for name, kind in columns]
