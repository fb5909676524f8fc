"""Shows readers an hour, once everything that was to be in its files is there."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.glue import GlueCatalog
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.exports.publishing import publish, verify_work
from handlers.domain.exports.request import read_moment
from handlers.domain.exports.work import read_work
from handlers.environment import read_environment
from handlers.start import build_once


@dataclass(frozen=True)
class MetricExportPublisherEnvironment:
    """What the template tells the function."""

    export_hours_table: str
    export_lag_minutes: int
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class MetricExportPublisher:
    """The function, with all that it works with."""

    ledger: HourTable
    bucket: S3ExportBucket
    catalog: GlueCatalog
    lag_seconds: float

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The result of the hour whose work the event has: verified and published."""
        work = read_work(event["work"])
        published = publish(
            work,
            verify_work(work, self.bucket),
            self.ledger,
            self.catalog,
            self.bucket,
            now=read_moment(event["now"]),
            lag_seconds=self.lag_seconds,
        )
        return {
            "hour": str(work.claim.attempt.hour),
            "outcome": "exported" if published.rows else "empty",
            "run": published.run,
            "rows": published.rows,
            "bytes": published.bytes,
        }


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportPublisher:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    environment = read_environment(MetricExportPublisherEnvironment, variables)
    return MetricExportPublisher(
        HourTable(connect("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table),
        S3ExportBucket(connect("s3", read_timeout=10, attempts=3), environment.export_bucket),
        GlueCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database),
        environment.export_lag_minutes * 60,
    )


_publisher = build_once(build)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """The output of the state machine's step."""
    publisher = _publisher()
    trace_if_sampled(os.environ)
    return publisher.run(event)
