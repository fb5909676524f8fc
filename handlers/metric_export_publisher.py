"""Shows readers an hour, once everything that was to be in its files is there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True)
class MetricExportPublisherEnvironment:
    """What the template tells the function."""

    export_hours_table: str
    export_lag_minutes: int
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class _Ports:
    ledger: HourTable
    bucket: S3ExportBucket
    catalog: GlueCatalog
    lag_seconds: float


@cache
def _started() -> _Ports:
    environment = read_environment(MetricExportPublisherEnvironment, os.environ)
    return _Ports(
        HourTable(client("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table),
        S3ExportBucket(client("s3", read_timeout=10, attempts=3), environment.export_bucket),
        GlueCatalog(client("glue", read_timeout=10, attempts=3), environment.glue_database),
        environment.export_lag_minutes * 60,
    )


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Verifies and publishes the work of the event; the answer is the hour's result."""
    ports = _started()
    trace_if_sampled(os.environ)
    work = read_work(event["work"])
    published = publish(
        work,
        verify_work(work, ports.bucket),
        ports.ledger,
        ports.catalog,
        ports.bucket,
        now=read_moment(event["now"]),
        lag_seconds=ports.lag_seconds,
    )
    return {
        "hour": str(work.claim.attempt.hour),
        "outcome": "exported" if published.rows else "empty",
        "run": published.run,
        "rows": published.rows,
        "bytes": published.bytes,
    }


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _started()
