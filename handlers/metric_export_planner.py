"""Keeps the ledger of an export's execution: chooses its hours, enters what failed, and says how it went."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.hour import Hour, hours_between
from handlers.domain.exports.ledger import HourLedger
from handlers.domain.exports.report import (
    WINDOW_HOURS,
    failure_text,
    lag_seconds,
    notification,
    read_results,
    results_line,
)
from handlers.domain.exports.request import Terms, read_moment, read_request
from handlers.environment import read_environment


@dataclass(frozen=True)
class MetricExportPlannerEnvironment:
    """What the template tells the function."""

    project: str
    environment: str
    export_hours_table: str
    export_lag_minutes: int
    magnetic_retention_days: int

    @property
    def terms(self) -> Terms:
        """What requests are held against."""
        return Terms(self.export_lag_minutes * 60, self.magnetic_retention_days)


@cache
def _started() -> tuple[MetricExportPlannerEnvironment, HourLedger]:
    environment = read_environment(MetricExportPlannerEnvironment, os.environ)
    table = HourTable(client("dynamodb", read_timeout=3, attempts=3), environment.export_hours_table)
    return environment, table


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Does the step of the state machine that the event names."""
    environment, ledger = _started()
    trace_if_sampled(os.environ)
    now = read_moment(event["now"])
    if event["step"] == "choose":
        return _choose(event, ledger, now, environment.terms)
    if event["step"] == "give_up":
        return _give_up(event, ledger, now)
    return _summarise(event, ledger, now, environment)


def _choose(event: Mapping[str, Any], ledger: HourLedger, now: float, terms: Terms) -> dict[str, Any]:
    choice = choose(read_request(event["input"], now, terms), ledger, now, terms)
    hours = [str(hour) for hour in choice.hours]
    return {"hours": hours, "more": choice.next is not None, "next": choice.next or {}}


def _give_up(event: Mapping[str, Any], ledger: HourLedger, now: float) -> dict[str, Any]:
    error = event["error"]
    text = failure_text(error)
    if error.get("Error") == "LostClaim":
        return {"hour": event["hour"], "outcome": "busy", "error": text}
    ledger.give_up(Hour.parse(event["hour"]), event["by"], text, now)
    return {"hour": event["hour"], "outcome": "failed", "error": text}


def _summarise(
    event: Mapping[str, Any], ledger: HourLedger, now: float, environment: MetricExportPlannerEnvironment
) -> dict[str, Any]:
    results = read_results(event["results"])
    last = Hour.containing(now)
    terms = environment.terms
    records = ledger.read(hours_between(last.plus(1 - WINDOW_HOURS), last))
    lag = lag_seconds(records, now, terms.lag_seconds)
    sys.stdout.write(results_line(results, lag, environment.environment, round(now * 1000)) + "\n")
    sys.stdout.flush()
    where = f"{environment.project}-{environment.environment} {os.environ.get('AWS_REGION', '')}".strip()
    subject, message = notification(results, where)
    failed = sum(result.outcome == "failed" for result in results)
    return {"hours": len(results), "failed": failed, "subject": subject, "message": message}


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    _started()
