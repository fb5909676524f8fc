"""Stores what arrives on the data stream; what cannot be stored goes to the quarantine with its reason.

A process begins as soon as it can: of the stores only the one that is used is imported, and clients that most batches
need nothing of are made when they are called.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.adapters.aws import LaterClient, client
from handlers.adapters.dynamodb.attempts_table import AttemptsTable
from handlers.adapters.dynamodb.client import DynamoDb, connect_to_dynamodb
from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.adapters.dynamodb.export_hours.marks import THREADS as MARK_THREADS
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.adapters.s3.quarantine_bucket import QuarantineBucket
from handlers.domain.deadline import Deadline
from handlers.domain.exports.marking import StoredHours
from handlers.domain.ingest.batch import Ports
from handlers.domain.ingest.envelope import StreamRecord, read_records
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.heartbeats import apart, heartbeat_lines
from handlers.domain.ingest.isolation import write_or_set_aside
from handlers.domain.ingest.portions import portions
from handlers.domain.ingest.registry import DimensionRegistry
from handlers.domain.ingest.report import log_lines
from handlers.domain.ingest.store import MetricStore, StoreLimits
from handlers.environment import is_lake, read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler
from handlers.vocabulary import WRITER_HEARTBEAT_AGE, metric_dimensions

if TYPE_CHECKING:
    from handlers.adapters.timestream.wire import Wire

# Kept back from the time the function has, for the quarantine and the log once the store has had its turn.
_RESERVE_S = 5.0
_RESERVE_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class _Environment:
    """The variables that the template gives the function, whatever the store is."""

    project: str
    environment: str
    table_name: str
    dimensions_table: str
    quarantine_bucket: str
    export_hours_table: str
    export_lag_minutes: int
    log_level: str
    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES


@dataclass(frozen=True)
class MetricWriterEnvironment(_Environment):
    """All of its variables where points are in Timestream."""

    database_name: str
    magnetic_retention_days: int
    memory_retention_hours: int
    timestream_endpoint_url: str | None = None


@dataclass(frozen=True)
class LakeMetricWriterEnvironment(_Environment):
    """All of its variables where points are in the lake."""

    lake_bucket: str
    glue_database: str
    retention_days: int
    dimension_names: int


@dataclass(frozen=True)
class _StorePorts:
    """The ports of one kind of store; `memory_s` is the age of points that it shows late, None if there is none."""

    store: MetricStore
    limits: StoreLimits
    registry: DimensionRegistry
    memory_s: float | None


@dataclass(frozen=True)
class MetricWriter:
    """The function, with all that it works with."""

    environment: _Environment
    ports: Ports
    clock: Callable[[], float]

    def write(self, event: dict[str, Any], seconds_left: float) -> dict[str, Any]:
        """The answer to the event source mapping: the record to start again from, if there is one."""
        reserve_s = min(_RESERVE_S, seconds_left * _RESERVE_SHARE)
        deadline = Deadline(time.monotonic() + seconds_left - reserve_s, time.monotonic)
        records, heartbeats = apart(read_records(event))
        retry_from = None
        for portion in portions(records):
            if retry_from is None:
                retry_from = self._write(portion, deadline, alone=len(records) == 1)
        write_lines(
            heartbeat_lines(WRITER_HEARTBEAT_AGE, heartbeats, retry_from, self.clock(), self._dimensions)
        )
        return {"batchItemFailures": [] if retry_from is None else [{"itemIdentifier": str(retry_from)}]}

    def _write(self, records: Sequence[StreamRecord], deadline: Deadline, *, alone: bool) -> int | None:
        """The sequence number of the record to start again from, if there is one; `alone` if these are the batch."""
        if not deadline.seconds_left():
            return records[0].sequence
        now_ms = round(self.clock() * 1000)
        report = write_or_set_aside(records, self.ports, deadline, now_ms, alone=alone)
        every_request = self.environment.log_level in {"DEBUG", "INFO"}
        now_ms = round(self.clock() * 1000)
        write_lines(log_lines(report, self._dimensions, now_ms, every_request=every_request))
        return report.retry_from

    @property
    def _dimensions(self) -> Mapping[str, str]:
        return metric_dimensions(self.environment.project, self.environment.environment)


def build(
    variables: Mapping[str, str],
    *,
    connect: "Callable[[int, str | None], Wire] | None" = None,
    connect_dynamodb: Callable[..., DynamoDb] = connect_to_dynamodb,
    clock: Callable[[], float] = time.time,
) -> MetricWriter:
    """The function in this environment, with the wire to Timestream that `connect` makes, of so many connections.

    `connect_dynamodb` makes the client of its tables, `clock` tells the seconds since the epoch. `ConfigurationError`
    names what is wrong with the environment.
    """
    dynamodb = connect_dynamodb(read_timeout_s=2, attempts=2, connections=MARK_THREADS)
    environment: _Environment
    if is_lake(variables):
        environment = read_environment(LakeMetricWriterEnvironment, variables)
        kind = _lake(environment, dynamodb)
    else:
        environment = read_environment(MetricWriterEnvironment, variables)
        kind = _timestream(environment, dynamodb, connect)
    stored_hours = StoredHours(
        ExportHoursMarks(dynamodb, environment.export_hours_table),
        lag_s=environment.export_lag_minutes * 60,
        memory_s=kind.memory_s,
    )
    ports = Ports(
        registry=kind.registry,
        store=kind.store,
        limits=kind.limits,
        quarantine=QuarantineBucket(
            LaterClient("s3", read_timeout=3, attempts=2), environment.quarantine_bucket
        ),
        on_stored=lambda times_ns, deadline: stored_hours.on_stored(times_ns, clock(), deadline),
        on_admitted=stored_hours.note,
        otlp_attributes=environment.otlp_attributes,
        attempts=AttemptsTable(dynamodb, environment.dimensions_table),
    )
    return MetricWriter(environment, ports, clock)


def _timestream(
    environment: MetricWriterEnvironment,
    dynamodb: DynamoDb,
    connect: "Callable[[int, str | None], Wire] | None",
) -> _StorePorts:
    from handlers.adapters.timestream.connecting import connect_to_timestream  # noqa: PLC0415 -- see above
    from handlers.adapters.timestream.limits import store_limits  # noqa: PLC0415
    from handlers.adapters.timestream.store import CONNECTIONS, TimestreamStore  # noqa: PLC0415

    store = TimestreamStore(
        (connect or connect_to_timestream)(CONNECTIONS, environment.timestream_endpoint_url),
        environment.database_name,
        environment.table_name,
    )
    return _StorePorts(
        store,
        store_limits(environment.magnetic_retention_days),
        DimensionTable(dynamodb, environment.dimensions_table, environment.table_name),
        environment.memory_retention_hours * 3600,
    )


def _lake(environment: LakeMetricWriterEnvironment, dynamodb: DynamoDb) -> _StorePorts:
    from handlers.adapters.lake.catalog import LakeCatalog  # noqa: PLC0415 -- see above
    from handlers.adapters.lake.limits import lake_limits  # noqa: PLC0415
    from handlers.adapters.lake.registry import ShownRegistry  # noqa: PLC0415
    from handlers.adapters.lake.store import THREADS, LakeStore  # noqa: PLC0415

    s3 = client("s3", read_timeout=5, attempts=1, connections=THREADS)
    # Batches wait for these calls, so none is tried for long: the next batch tries again.
    catalog = LakeCatalog(LaterClient("glue", read_timeout=3, attempts=1), environment.glue_database)
    return _StorePorts(
        LakeStore(s3, environment.lake_bucket),
        lake_limits(environment.retention_days, environment.dimension_names),
        ShownRegistry(
            DimensionTable(dynamodb, environment.dimensions_table, environment.table_name),
            catalog.show_dimensions,
            lambda cause: write_lines([json.dumps({"dimensions_not_shown": cause})]),
        ),
        memory_s=None,
    )


handler = lambda_handler(build, MetricWriter.write)
