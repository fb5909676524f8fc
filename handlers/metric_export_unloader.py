"""Takes an hour and has Timestream write it: claims it, starts its UNLOADs, and follows them to their end."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.unload_rate import UnloadPace
from handlers.adapters.timestream.queries import TimestreamQueries
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.deadline import Deadline
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim, HourLedger
from handlers.domain.exports.request import read_moment
from handlers.domain.exports.statements import Source
from handlers.domain.exports.unloading import CALL_SECONDS, LostClaim, Queries, follow, start, survey
from handlers.domain.exports.work import read_work
from handlers.environment import read_environment


@dataclass(frozen=True)
class MetricExportUnloaderEnvironment:
    """What the template tells the function."""

    database_name: str
    table_name: str
    export_hours_table: str
    export_bucket: str
    key_arn: str


@dataclass(frozen=True)
class _Ports:
    source: Source
    ledger: HourLedger
    queries: Queries
    pace: UnloadPace


@cache
def _started() -> _Ports:
    environment = read_environment(MetricExportUnloaderEnvironment, os.environ)
    dynamodb = client("dynamodb", read_timeout=3, attempts=3)
    return _Ports(
        Source(
            environment.database_name, environment.table_name, environment.export_bucket, environment.key_arn
        ),
        HourTable(dynamodb, environment.export_hours_table),
        # A query's call blocks for up to a minute; the state machine retries it, so that no token is used up unseen.
        TimestreamQueries(client("timestream-query", read_timeout=CALL_SECONDS, attempts=1)),
        UnloadPace(dynamodb, environment.export_hours_table),
    )


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Does the step of the state machine that the event names; the answer is the work, further on."""
    ports = _started()
    trace_if_sampled(os.environ)
    now = read_moment(event["now"])
    deadline = Deadline(time.monotonic() + context.get_remaining_time_in_millis() / 1000, time.monotonic)
    if event["step"] == "claim":
        return _claim(event, ports, now, deadline)
    work = read_work(event["work"])
    if not ports.ledger.renew(work.claim, now):
        raise LostClaim(f"{work.claim.attempt.hour} was taken over")
    if event["step"] == "start":
        return start(work, ports.source, ports.queries, ports.pace.wait_turn).payload()
    return follow(work, ports.source, ports.queries, now, deadline).payload()


def _claim(event: Mapping[str, Any], ports: _Ports, now: float, deadline: Deadline) -> dict[str, Any]:
    hour = Hour.parse(event["hour"])
    claim = ports.ledger.claim(hour, event["by"], now)
    if not isinstance(claim, Claim):
        error = f"{claim.claimed_by} is exporting it"
        return {"phase": "busy", "hour": str(hour), "by": event["by"], "outcome": "busy", "error": error}
    return survey(claim, ports.source, ports.queries, deadline).payload()


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _started()
