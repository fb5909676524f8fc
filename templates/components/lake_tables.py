"""The lake's tables and views in the catalog: what lies where in the bucket, and what people read of it."""

from collections.abc import Sequence
from typing import Any

from troposphere import Ref, Sub, Template, glue

from handlers import lake
from templates.components.exporting.catalog import add_catalog_table, add_parquet_table, catalog_columns
from templates.components.exporting.store import ExportStore
from templates.config import Config

_TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
# Not OpenX's, of which AWS says that its results may differ from run to run:
# https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"


def add_lake_tables(template: Template, config: Config, exports: ExportStore) -> None:
    """The tables of the writers' lines and of what lost, and the views over them and the exports' tables."""
    days = config.store.days_kept
    _add_line_table(template, lake.HOT, "Points by their hour, as the writers put them there", exports, days)
    _add_line_table(template, lake.LATE, "Points of older hours, likewise", exports, days)
    add_parquet_table(
        template,
        "LakeReplacedTable",
        lake.REPLACED,
        "Versions of an hour's points that others replaced",
        lake.COLUMNS[lake.REPLACED],
        database=exports.catalog.database,
        bucket=exports.bucket,
    )
    views = (
        (
            lake.POINTS,
            "The points: of each series and time the version that counts",
            lake.points_view({}),
            lake.points_columns({}),
        ),
        (
            lake.SUPERSEDED,
            "The versions of points that do not count",
            lake.superseded_view(),
            lake.superseded_columns(),
        ),
    )
    for name, description, sql, columns in views:
        _add_view(template, config, name, description, sql, columns, exports)


def _add_line_table(
    template: Template, name: str, description: str, exports: ExportStore, retention_days: int
) -> None:
    """A table of JSON lines. Those by the hour have a partition each, which no writer has to enter anywhere.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    location = f"s3://${{Bucket}}/{name}/"
    columns: Sequence[tuple[str, str]] = lake.LINE_COLUMNS
    partitions: Sequence[glue.Column] = ()
    parameters: dict[str, Any] = {"EXTERNAL": "TRUE", "classification": "json", "compressionType": "gzip"}
    if name == lake.HOT:
        partitions = [glue.Column(Name=lake.EVENT_HOUR, Type="string", Comment="UTC, such as 2026-11-25-20")]
        projection = {
            "type": "date",
            "format": "yyyy-MM-dd-HH",
            "interval": "1",
            "interval.unit": "HOURS",
            # A day more than is kept, so that none is out of sight before its time.
            "range": f"NOW-{retention_days + 1}DAYS,NOW+1HOURS",
        }
        parameters |= {
            "projection.enabled": "true",
            **{f"projection.{lake.EVENT_HOUR}.{key}": value for key, value in projection.items()},
            "storage.location.template": Sub(
                f"{location}{lake.EVENT_HOUR}=${{!{lake.EVENT_HOUR}}}/", Bucket=Ref(exports.bucket)
            ),
        }
    else:
        columns = (*columns, (lake.EVENT_HOUR, "string"))
    add_catalog_table(
        template,
        f"Lake{name.capitalize()}Table",
        exports.catalog.database,
        Name=name,
        Description=description,
        TableType="EXTERNAL_TABLE",
        Parameters=parameters,
        PartitionKeys=list(partitions),
        StorageDescriptor=glue.StorageDescriptor(
            Columns=catalog_columns(columns),
            Location=Sub(location, Bucket=Ref(exports.bucket)),
            **_TEXT,
            SerdeInfo=glue.SerdeInfo(SerializationLibrary=_JSON),
        ),
    )


def _add_view(
    template: Template,
    config: Config,
    name: str,
    description: str,
    sql: str,
    columns: list[tuple[str, str]],
    exports: ExportStore,
) -> None:
    """A view as Athena makes one, without columns of dimensions: those come with the points that have them."""
    add_catalog_table(
        template,
        f"Lake{name.capitalize()}View",
        exports.catalog.database,
        Name=name,
        Description=description,
        TableType="VIRTUAL_VIEW",
        Parameters={"presto_view": "true", "comment": "Presto View"},
        ViewOriginalText=lake.presto_view(sql, columns, config.database_name),
        ViewExpandedText="/* Presto View */",
        StorageDescriptor=glue.StorageDescriptor(
            Columns=catalog_columns(lake.catalog_columns(columns)),
            # Without this, if empty, Athena takes the view for a broken table.
            SerdeInfo=glue.SerdeInfo(),
        ),
    )
