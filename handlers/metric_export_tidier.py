"""Deletes the files of replaced and abandoned exports, a day after the last reader was sent to them."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.cleanup import TidyTable
from handlers.adapters.glue import GlueCatalog
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.deadline import Deadline
from handlers.domain.exports.request import read_moment
from handlers.domain.exports.tidying import tidy_hour
from handlers.environment import read_environment

_HOURS = 200
_RESERVE_SECONDS = 30


@dataclass(frozen=True)
class MetricExportTidierEnvironment:
    """What the template tells the function."""

    export_hours_table: str
    export_bucket: str
    glue_database: str


@dataclass(frozen=True)
class _Ports:
    wishes: TidyTable
    bucket: S3ExportBucket
    catalog: GlueCatalog


@cache
def _started() -> _Ports:
    environment = read_environment(MetricExportTidierEnvironment, os.environ)
    return _Ports(
        TidyTable(client("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table),
        S3ExportBucket(client("s3", read_timeout=10, attempts=3), environment.export_bucket),
        GlueCatalog(client("glue", read_timeout=10, attempts=3), environment.glue_database),
    )


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Tidies as many hours as there is time for; the rest stays wished for."""
    ports = _started()
    trace_if_sampled(os.environ)
    now = read_moment(event["now"])
    deadline = Deadline(time.monotonic() + context.get_remaining_time_in_millis() / 1000, time.monotonic)
    hours = deleted = 0
    for wish in ports.wishes.due(now, _HOURS):
        if deadline.seconds_left() < _RESERVE_SECONDS:
            break
        deleted += tidy_hour(wish, ports.wishes, ports.catalog, ports.bucket, now)
        hours += 1
    return {"hours": hours, "objects": deleted}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _started()
