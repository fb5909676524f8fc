"""The publisher of an exported hour: readers are sent to its files once those are known to be whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.glue import GlueCatalog
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.adapters.lake.manifest import read_manifest as read_lake_manifest
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.adapters.timestream.manifest import read_manifest as read_timestream_manifest
from handlers.domain.exports.job import read_job
from handlers.domain.exports.publishing import ReadManifest, publish, verify_job
from handlers.domain.exports.request import read_time_s
from handlers.domain.exports.steps import HourResult, PublishInput
from handlers.environment import is_lake, read_environment
from handlers.start import lambda_handler

Connect = Callable[..., Any]


@dataclass(frozen=True)
class MetricExportPublisherEnvironment:
    """The variables that the template gives the function."""

    export_hours_table: str
    export_lag_minutes: int
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class LakeMetricExportPublisherEnvironment(MetricExportPublisherEnvironment):
    """The same where points are in the lake."""

    table_name: str
    dimensions_table: str


@dataclass(frozen=True)
class MetricExportPublisher:
    """The function, with all that it works with; `show` brings what people read up to date once an hour is there."""

    ledger: ExportHoursLedger
    bucket: S3ExportBucket
    catalog: GlueCatalog
    lag_s: float
    read_manifest: ReadManifest
    show: Callable[[], object]

    def run(self, event: PublishInput) -> HourResult:
        """The result of the hour whose job the event has: verified and published."""
        job = read_job(event["job"])
        published = publish(
            job,
            verify_job(job, self.bucket, self.read_manifest),
            self.ledger,
            self.catalog,
            self.bucket,
            now_s=read_time_s(event["now"]),
            lag_s=self.lag_s,
        )
        self.show()
        return {
            "hour": str(job.claim.attempt.hour),
            "outcome": "exported" if published.rows else "empty",
            "run": published.run,
            "rows": published.rows,
            "bytes": published.bytes,
        }


def build(variables: Mapping[str, str], *, connect: Connect = client) -> MetricExportPublisher:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    if is_lake(variables):
        return _over_lake(read_environment(LakeMetricExportPublisherEnvironment, variables), connect)
    environment = read_environment(MetricExportPublisherEnvironment, variables)
    catalog = GlueCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    return _publisher(environment, connect, dynamodb, catalog, read_timestream_manifest, lambda: None)


def _over_lake(environment: LakeMetricExportPublisherEnvironment, connect: Connect) -> MetricExportPublisher:
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    catalog = LakeCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database)
    registry = DimensionTable(dynamodb, environment.dimensions_table, environment.table_name)
    show = partial(catalog.show_dimensions, lambda: registry.refresh().values())
    return _publisher(environment, connect, dynamodb, catalog, read_lake_manifest, show)


def _publisher(
    environment: MetricExportPublisherEnvironment,
    connect: Connect,
    dynamodb: Any,
    catalog: GlueCatalog,
    read_manifest: ReadManifest,
    show: Callable[[], object],
) -> MetricExportPublisher:
    return MetricExportPublisher(
        ExportHoursLedger(dynamodb, environment.export_hours_table),
        S3ExportBucket(connect("s3", read_timeout=10, attempts=3), environment.export_bucket),
        catalog,
        environment.export_lag_minutes * 60,
        read_manifest,
        show,
    )


handler = lambda_handler(build, lambda publisher, event, _: publisher.run(event))
