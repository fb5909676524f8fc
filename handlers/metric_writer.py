"""Stores what arrives on the data stream; what cannot be stored goes to the quarantine with its reason."""

import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.adapters.dynamodb.export_hours.marks import THREADS as MARK_THREADS
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from handlers.adapters.s3.quarantine_bucket import QuarantineBucket
from handlers.adapters.timestream.store import THREADS, TimestreamStore
from handlers.adapters.timestream.wire import write_client
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.exports.marking import LateHours
from handlers.domain.ingest.batch import Ports, write_batch
from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.report import log_lines
from handlers.domain.ingest.store import Deadline
from handlers.domain.point import Rules
from handlers.environment import read_environment

# Kept back from the time the function has, for the quarantine and the log once the store has had its turn.
_RESERVE_SECONDS = 5.0
_RESERVE_SHARE = 0.25


@dataclass(frozen=True)
class MetricWriterEnvironment:
    """What the template tells the function."""

    project: str
    environment: str
    database_name: str
    table_name: str
    dimensions_table: str
    quarantine_bucket: str
    magnetic_retention_days: int
    memory_retention_hours: int
    export_hours_table: str
    export_lag_minutes: int
    log_level: str


@cache
def _started() -> tuple[MetricWriterEnvironment, Ports]:
    """The environment and the clients, made once for the life of the process."""
    environment = read_environment(MetricWriterEnvironment, os.environ)
    dynamodb = client("dynamodb", read_timeout=2, attempts=2, connections=MARK_THREADS)
    late_hours = LateHours(
        MarkTable(dynamodb, environment.export_hours_table),
        lag_seconds=environment.export_lag_minutes * 60,
        memory_seconds=environment.memory_retention_hours * 3600,
    )
    ports = Ports(
        registry=DimensionTable(dynamodb, environment.dimensions_table, environment.table_name),
        store=TimestreamStore(write_client(THREADS), environment.database_name, environment.table_name),
        quarantine=QuarantineBucket(client("s3", read_timeout=3, attempts=2), environment.quarantine_bucket),
        note_stored=lambda times_ns: late_hours.note(times_ns, time.time()),
    )
    return environment, ports


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers the event source mapping with the record to start again from, if there is one."""
    seconds = context.get_remaining_time_in_millis() / 1000
    deadline = Deadline(
        time.monotonic() + seconds - min(_RESERVE_SECONDS, seconds * _RESERVE_SHARE), time.monotonic
    )
    environment, ports = _started()
    trace_if_sampled(os.environ)
    report = write_batch(read_records(event), Rules(environment.magnetic_retention_days), ports, deadline)
    every_request = environment.log_level in {"DEBUG", "INFO"}
    for line in log_lines(
        report, environment.environment, round(time.time() * 1000), every_request=every_request
    ):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    failed = [] if report.retry_from is None else [{"itemIdentifier": str(report.retry_from)}]
    return {"batchItemFailures": failed}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # While Lambda initializes: a wrong environment ends the start with its reason, and the first batch finds clients.
    _started()
