"""The planner of an export's execution: it chooses hours, enters failures in the ledger, and reports at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports import steps
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.hour import Hour, hours_between
from handlers.domain.exports.report import (
    WINDOW_HOURS,
    export_lag_s,
    failure_text,
    notification,
    results_line,
)
from handlers.domain.exports.request import ExportLimits, read_request, read_time_s
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler
from handlers.vocabulary import metric_dimensions


@dataclass(frozen=True)
class MetricExportPlannerEnvironment:
    """The variables that the template gives the function."""

    project: str
    environment: str
    export_hours_table: str
    export_lag_minutes: int
    retention_days: int

    @property
    def limits(self) -> ExportLimits:
        """The limits that requests are held against."""
        return ExportLimits(self.export_lag_minutes * 60, self.retention_days)


@dataclass(frozen=True)
class MetricExportPlanner:
    """The function, with all that it works with; `region` is empty where there is none."""

    environment: MetricExportPlannerEnvironment
    ledger: ExportHoursLedger
    region: str

    def run(self, event: Any) -> steps.ChooseOutput | steps.HourResult | steps.SummariseOutput:
        """The output of the step that the event names; `ConfigurationError` if there is no such step."""
        now_s = read_time_s(event["now"])
        match event["step"]:
            case "choose":
                return self._choose(event, now_s)
            case "give_up":
                return self._give_up(event, now_s)
            case "summarise":
                return self._summarise(event, now_s)
            case step:
                raise ConfigurationError(f"no such step: {step!r}")

    def _choose(self, event: steps.ChooseInput, now_s: float) -> steps.ChooseOutput:
        limits = self.environment.limits
        selection = choose(read_request(event["input"], now_s, limits), self.ledger, now_s, limits)
        hours = [str(hour) for hour in selection.hours]
        following = selection.next_input
        return {"hours": hours, "more": following is not None, "next": following or {}}

    def _give_up(self, event: steps.GiveUpInput, now_s: float) -> steps.HourResult:
        error = event["error"]
        text = failure_text(error)
        if error.get("Error") == "LostClaim":
            return {"hour": event["hour"], "outcome": "busy", "error": text}
        self.ledger.give_up(Hour.parse(event["hour"]), event["by"], text, now_s)
        return {"hour": event["hour"], "outcome": "failed", "error": text}

    def _summarise(self, event: steps.SummariseInput, now_s: float) -> steps.SummariseOutput:
        results = event["results"]
        last = Hour.containing(now_s)
        records = self.ledger.read(hours_between(last.plus(1 - WINDOW_HOURS), last))
        lag_s = export_lag_s(records, now_s, self.environment.limits.lag_s)
        dimensions = metric_dimensions(self.environment.project, self.environment.environment)
        write_lines([results_line(results, lag_s, dimensions, round(now_s * 1000))])
        deployment = f"{self.environment.project}-{self.environment.environment} {self.region}".strip()
        subject, message = notification(results, deployment)
        failed = sum(result["outcome"] == "failed" for result in results)
        return {"hours": len(results), "failed": failed, "subject": subject, "message": message}


def build(variables: Mapping[str, str], *, connect: Callable[..., Any] = client) -> MetricExportPlanner:
    """The function in this environment, with the clients that `connect` makes, by default AWS's."""
    environment = read_environment(MetricExportPlannerEnvironment, variables)
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    ledger = ExportHoursLedger(dynamodb, environment.export_hours_table)
    return MetricExportPlanner(environment, ledger, variables.get("AWS_REGION", ""))


handler = lambda_handler(build, lambda planner, event, _: planner.run(event))
