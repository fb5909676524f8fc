"""Takes an hour and has Timestream write it: claims it, starts its UNLOADs, and follows them to their end."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.unload_rate import UnloadPace
from handlers.adapters.timestream.queries import TimestreamQueries
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim, HourLedger
from handlers.domain.exports.request import read_moment
from handlers.domain.exports.statements import Source
from handlers.domain.exports.unloading import CALL_SECONDS, LostClaim, Queries, follow, start, survey
from handlers.domain.exports.work import Work, read_work
from handlers.environment import read_environment
from handlers.start import build_once


@dataclass(frozen=True)
class MetricExportUnloaderEnvironment:
    """What the template tells the function."""

    database_name: str
    table_name: str
    export_hours_table: str
    export_bucket: str
    key_arn: str


@dataclass(frozen=True)
class MetricExportUnloader:
    """The function, with all that it works with."""

    source: Source
    ledger: HourLedger
    queries: Queries
    wait_turn: Callable[[], None]

    def run(self, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
        """The work of an hour after the step that the event names; `ConfigurationError` if there is no such step."""
        now = read_moment(event["now"])
        deadline = Deadline(time.monotonic() + seconds_left, time.monotonic)
        match event["step"]:
            case "claim":
                return self._claim(event, now, deadline)
            case "start":
                return start(self._renewed(event, now), self.source, self.queries, self.wait_turn).payload()
            case "follow":
                work = self._renewed(event, now)
                return follow(work, self.source, self.queries, now, deadline).payload()
            case step:
                raise ConfigurationError(f"no such step: {step!r}")

    def _claim(self, event: Mapping[str, Any], now: float, deadline: Deadline) -> dict[str, Any]:
        hour = Hour.parse(event["hour"])
        claim = self.ledger.claim(hour, event["by"], now)
        if not isinstance(claim, Claim):
            error = f"{claim.claimed_by} is exporting it"
            return {"phase": "busy", "hour": str(hour), "by": event["by"], "outcome": "busy", "error": error}
        return survey(claim, self.source, self.queries, deadline).payload()

    def _renewed(self, event: Mapping[str, Any], now: float) -> Work:
        work = read_work(event["work"])
        if not self.ledger.renew(work.claim, now):
            raise LostClaim(f"{work.claim.attempt.hour} was taken over")
        return work


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportUnloader:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    environment = read_environment(MetricExportUnloaderEnvironment, variables)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    return MetricExportUnloader(
        Source(
            environment.database_name, environment.table_name, environment.export_bucket, environment.key_arn
        ),
        HourTable(dynamodb, environment.export_hours_table),
        # A query's call blocks for up to a minute; the state machine retries it, so that no token is used up unseen.
        TimestreamQueries(connect("timestream-query", read_timeout=CALL_SECONDS, attempts=1)),
        UnloadPace(dynamodb, environment.export_hours_table).wait_turn,
    )


_unloader = build_once(build)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The output of the state machine's step."""
    unloader = _unloader()
    trace_if_sampled(os.environ)
    return unloader.run(event, context.get_remaining_time_in_millis() / 1000)
