"""The unloader of an hour: it claims it, starts its UNLOADs, and polls them to their end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.unload_rate import ExportHoursUnloadRate
from handlers.adapters.lake.athena import AthenaQueries
from handlers.adapters.lake.catalog import LakeCatalog
from handlers.adapters.lake.export_source import LakeExportSource
from handlers.adapters.timestream.export_source import CALL_S, TimestreamExportSource
from handlers.adapters.timestream.statements import Source
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, read_job
from handlers.domain.exports.ports import ExportSource, LostClaim
from handlers.domain.exports.request import read_time_s
from handlers.domain.exports.steps import BusyHour, ClaimInput, JobPayload, UnloadInput
from handlers.domain.exports.unloading import (
    count_points,
    empty_job,
    poll_unloads,
    start_unloads,
    stop_unloads,
)
from handlers.environment import is_lake, read_environment
from handlers.start import lambda_handler

Connect = Callable[..., Any]


@dataclass(frozen=True)
class MetricExportUnloaderEnvironment:
    """The variables that the template gives the function where points are in Timestream."""

    database_name: str
    table_name: str
    export_hours_table: str
    export_bucket: str
    key_arn: str
    timestream_endpoint_url: str | None = None


@dataclass(frozen=True)
class LakeMetricExportUnloaderEnvironment:
    """The variables that the template gives the function where points are in the lake."""

    glue_database: str
    work_group: str
    table_name: str
    dimensions_table: str
    export_hours_table: str
    export_bucket: str


@dataclass(frozen=True)
class MetricExportUnloader:
    """The function, with all that it works with."""

    source: ExportSource
    ledger: ExportHoursLedger

    def run(self, event: Any, seconds_left: float) -> JobPayload | BusyHour:
        """The job of an hour after the step that the event names; `ConfigurationError` if there is no such step."""
        now_s = read_time_s(event["now"])
        deadline = Deadline(time.monotonic() + seconds_left, time.monotonic)
        match event["step"]:
            case "claim":
                return self._claim(event, now_s, deadline)
            case "start":
                return start_unloads(self._renewed(event, now_s), self.source).payload()
            case "poll":
                return poll_unloads(self._renewed(event, now_s), self.source, now_s, deadline).payload()
            case step:
                raise ConfigurationError(f"no such step: {step!r}")

    def _claim(self, event: ClaimInput, now_s: float, deadline: Deadline) -> JobPayload | BusyHour:
        hour = Hour.parse(event["hour"])
        claim = self.ledger.claim(hour, event["by"], now_s)
        if not isinstance(claim, Claim):
            error = f"{claim.claimed_by} is exporting it"
            return {"phase": "busy", "hour": str(hour), "by": event["by"], "outcome": "busy", "error": error}
        if self.ledger.has_no_points(hour, now_s):
            return empty_job(claim, Layout((), written=False, kind=self.source.kind)).payload()
        return count_points(claim, self.source, deadline).payload()

    def _renewed(self, event: UnloadInput, now_s: float) -> ExportJob:
        job = read_job(event["job"])
        try:
            self.ledger.renew(job.claim, now_s)
        except LostClaim:
            stop_unloads(job, self.source)
            raise
        return job


def build(variables: Mapping[str, str], *, connect: Connect = client) -> MetricExportUnloader:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    return _over_lake(variables, connect) if is_lake(variables) else _over_timestream(variables, connect)


def _over_timestream(variables: Mapping[str, str], connect: Connect) -> MetricExportUnloader:
    environment = read_environment(MetricExportUnloaderEnvironment, variables)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    source = Source(
        environment.database_name, environment.table_name, environment.export_bucket, environment.key_arn
    )
    # A query's call blocks for up to a minute; the state machine retries it, so that no token is used up unseen.
    timestream = connect(
        "timestream-query",
        read_timeout=CALL_S,
        attempts=1,
        endpoint_url=environment.timestream_endpoint_url,
    )
    rate = ExportHoursUnloadRate(dynamodb, environment.export_hours_table)
    return MetricExportUnloader(
        TimestreamExportSource(timestream, source, rate.wait_turn),
        ExportHoursLedger(dynamodb, environment.export_hours_table),
    )


def _over_lake(variables: Mapping[str, str], connect: Connect) -> MetricExportUnloader:
    environment = read_environment(LakeMetricExportUnloaderEnvironment, variables)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    registry = DimensionTable(dynamodb, environment.dimensions_table, environment.table_name)
    source = LakeExportSource(
        AthenaQueries(
            connect("athena", read_timeout=10, attempts=3), environment.glue_database, environment.work_group
        ),
        LakeCatalog(connect("glue", read_timeout=10, attempts=3), environment.glue_database),
        lambda: registry.refresh().values(),
        environment.export_bucket,
    )
    return MetricExportUnloader(source, ExportHoursLedger(dynamodb, environment.export_hours_table))


handler = lambda_handler(build, MetricExportUnloader.run)
