"""Turns each batch of the data stream into evidence for the alert rules, and starts evaluations that are due."""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.adapters.stepfunctions import Executions
from handlers.adapters.timestream.limits import store_limits
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregator import Aggregator, BatchReport
from handlers.domain.emf import metrics_line
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.validator import PointValidator
from handlers.environment import read_environment


@dataclass(frozen=True)
class WindowAggregatorEnvironment:
    """What the template tells the function."""

    environment: str
    rules_table: str
    windows_table: str
    state_machine_arn: str
    tick_seconds: int
    grace_seconds: int
    maximum_groups: int
    magnetic_retention_days: int


@cache
def _started() -> tuple[WindowAggregatorEnvironment, Aggregator]:
    """The environment and the clients, made once for the life of the process."""
    environment = read_environment(WindowAggregatorEnvironment, os.environ)
    timing = Timing(environment.tick_seconds, environment.grace_seconds)
    # A write that is tried only once ends within the time that its readers allow for; the table tries again itself.
    aggregator = Aggregator(
        rules=RulesTable(client("dynamodb", read_timeout=3, attempts=2), environment.rules_table),
        sink=WindowsTable(client("dynamodb", read_timeout=2, attempts=1), environment.windows_table, timing),
        start=Executions(
            client("stepfunctions", read_timeout=3, attempts=2), environment.state_machine_arn
        ).start,
        timing=timing,
        group_cap=environment.maximum_groups,
        clock=time.time,
    )
    return environment, aggregator


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers with the first record when the batch's evidence could not be written, so that all of it comes again."""
    environment, aggregator = _started()
    trace_if_sampled(os.environ)
    records = read_records(event)
    try:
        report = aggregator.take(records, PointValidator(store_limits(environment.magnetic_retention_days)))
    except TransientError as error:
        sys.stdout.write(json.dumps({"retry_from": str(records[0].sequence), "cause": str(error)}) + "\n")
        sys.stdout.flush()
        return {"batchItemFailures": [{"itemIdentifier": str(records[0].sequence)}]}
    sys.stdout.write(report_line(report, environment.environment, round(time.time() * 1000)) + "\n")
    sys.stdout.flush()
    return {"batchItemFailures": []}


def report_line(report: BatchReport, environment: str, now_ms: int) -> str:
    """The batch as a log line that is metrics, too."""
    counts = {
        "AlertPointsJudged": report.judged,
        "AlertPointsTooLate": report.too_late,
        "AlertEvidenceBytes": report.bytes_written,
        "AlertRulesUnreadable": report.unreadable_rules,
        "AlertRulesOverCap": len(report.over_cap),
        "AlertEvaluationsNotStarted": len(report.not_started),
    }
    return metrics_line(counts, environment, now_ms, context={"details": asdict(report)})


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # While Lambda initializes: a wrong environment ends the start with its reason, and the first batch finds clients.
    _started()
