"""The publisher of an exported hour: readers are sent to its files once those are known to be whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.glue import GlueCatalog
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.adapters.timestream.manifest import read_manifest
from handlers.domain.exports.job import read_job
from handlers.domain.exports.publishing import publish, verify_job
from handlers.domain.exports.request import read_time_s
from handlers.domain.exports.steps import HourResult, PublishInput
from handlers.environment import read_environment
from handlers.start import lambda_handler


@dataclass(frozen=True)
class MetricExportPublisherEnvironment:
    """The variables that the template gives the function."""

    export_hours_table: str
    export_lag_minutes: int
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class MetricExportPublisher:
    """The function, with all that it works with."""

    ledger: ExportHoursLedger
    bucket: S3ExportBucket
    catalog: GlueCatalog
    lag_s: float

    def run(self, event: PublishInput) -> HourResult:
        """The result of the hour whose job the event has: verified and published."""
        job = read_job(event["job"])
        published = publish(
            job,
            verify_job(job, self.bucket, read_manifest),
            self.ledger,
            self.catalog,
            self.bucket,
            now_s=read_time_s(event["now"]),
            lag_s=self.lag_s,
        )
        return {
            "hour": str(job.claim.attempt.hour),
            "outcome": "exported" if published.rows else "empty",
            "run": published.run,
            "rows": published.rows,
            "bytes": published.bytes,
        }


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportPublisher:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    environment = read_environment(MetricExportPublisherEnvironment, variables)
    return MetricExportPublisher(
        ExportHoursLedger(connect("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table),
        S3ExportBucket(connect("s3", read_timeout=10, attempts=3), environment.export_bucket),
        GlueCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database),
        environment.export_lag_minutes * 60,
    )


handler = lambda_handler(build, lambda publisher, event, _: publisher.run(event))
