"""Keeps the ledger of an export's execution: chooses its hours, enters what failed, and says how it went."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.errors import ConfigurationError
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
from handlers.logs import write_lines
from handlers.start import build_once


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


@dataclass(frozen=True)
class MetricExportPlanner:
    """The function, with all that it works with; `region` is empty where there is none."""

    environment: MetricExportPlannerEnvironment
    ledger: HourLedger
    region: str

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The output of the step that the event names; `ConfigurationError` if there is no such step."""
        now = read_moment(event["now"])
        match event["step"]:
            case "choose":
                return self._choose(event["input"], now)
            case "give_up":
                return self._give_up(event, now)
            case "summarise":
                return self._summarise(event["results"], now)
            case step:
                raise ConfigurationError(f"no such step: {step!r}")

    def _choose(self, payload: Mapping[str, Any], now: float) -> dict[str, Any]:
        terms = self.environment.terms
        choice = choose(read_request(payload, now, terms), self.ledger, now, terms)
        hours = [str(hour) for hour in choice.hours]
        return {"hours": hours, "more": choice.next is not None, "next": choice.next or {}}

    def _give_up(self, event: Mapping[str, Any], now: float) -> dict[str, Any]:
        error = event["error"]
        text = failure_text(error)
        if error.get("Error") == "LostClaim":
            return {"hour": event["hour"], "outcome": "busy", "error": text}
        self.ledger.give_up(Hour.parse(event["hour"]), event["by"], text, now)
        return {"hour": event["hour"], "outcome": "failed", "error": text}

    def _summarise(self, raw: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
        results = read_results(raw)
        last = Hour.containing(now)
        records = self.ledger.read(hours_between(last.plus(1 - WINDOW_HOURS), last))
        lag = lag_seconds(records, now, self.environment.terms.lag_seconds)
        write_lines([results_line(results, lag, self.environment.environment, round(now * 1000))])
        where = f"{self.environment.project}-{self.environment.environment} {self.region}".strip()
        subject, message = notification(results, where)
        failed = sum(result.outcome == "failed" for result in results)
        return {"hours": len(results), "failed": failed, "subject": subject, "message": message}


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportPlanner:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    environment = read_environment(MetricExportPlannerEnvironment, variables)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    ledger = HourTable(dynamodb, environment.export_hours_table)
    return MetricExportPlanner(environment, ledger, variables.get("AWS_REGION", ""))


_planner = build_once(build)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """The output of the state machine's step."""
    planner = _planner()
    trace_if_sampled(os.environ)
    return planner.run(event)
