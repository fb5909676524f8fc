"""The unloader of an hour: it claims it, starts its UNLOADs, and polls them to their end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.unload_rate import ExportHoursUnloadRate
from handlers.adapters.timestream.export_source import CALL_S, TimestreamExportSource
from handlers.adapters.timestream.statements import Source
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, read_job
from handlers.domain.exports.ports import ExportSource
from handlers.domain.exports.request import read_time_s
from handlers.domain.exports.steps import BusyHour, ClaimInput, JobPayload, UnloadInput
from handlers.domain.exports.unloading import count_points, empty_job, poll_unloads, start_unloads
from handlers.environment import read_environment
from handlers.start import lambda_handler


@dataclass(frozen=True)
class MetricExportUnloaderEnvironment:
    """The variables that the template gives the function."""

    database_name: str
    table_name: str
    export_hours_table: str
    export_bucket: str
    key_arn: str
    timestream_endpoint_url: str | None = None


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
            return empty_job(claim).payload()
        return count_points(claim, self.source, deadline).payload()

    def _renewed(self, event: UnloadInput, now_s: float) -> ExportJob:
        job = read_job(event["job"])
        self.ledger.renew(job.claim, now_s)
        return job


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportUnloader:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
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


handler = lambda_handler(build, MetricExportUnloader.run)
