"""Aggregates each batch of the data stream by the windows of the alert rules, and starts evaluations that are due."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from handlers.adapters.aws import LaterClient
from handlers.adapters.dynamodb.client import DynamoDb, connect_to_dynamodb
from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.adapters.lake.limits import lake_limits
from handlers.adapters.stepfunctions import start_evaluation
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.windows.aggregator import Aggregator, BatchReport
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.envelope import REDRIVEN_COUNTED, StreamRecord, read_records
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.heartbeats import apart, heartbeat_lines
from handlers.domain.ingest.isolation import is_isolated
from handlers.domain.ingest.portions import portions
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.ingest.store import StoreLimits
from handlers.environment import is_lake, read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler
from handlers.vocabulary import AGGREGATOR_HEARTBEAT_AGE, metric_dimensions

# The longest that writing a portion's windows is tried.
_RESERVE_S = 10.0
# Alerts wait behind a record that fails alone; the writer quarantines it, a little later.
_PASSED_OVER_AFTER_MS = 5 * 60_000


@dataclass(frozen=True, kw_only=True)
class _Environment:
    """The variables that the template gives the function, whatever the store is."""

    project: str
    environment: str
    rules_table: str
    windows_table: str
    state_machine_arn: str
    tick_seconds: int
    grace_seconds: int
    maximum_groups: int
    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES


@dataclass(frozen=True)
class WindowAggregatorEnvironment(_Environment):
    """All of its variables where points are in Timestream."""

    magnetic_retention_days: int


@dataclass(frozen=True)
class LakeWindowAggregatorEnvironment(_Environment):
    """All of its variables where points are in the lake."""

    retention_days: int
    dimension_names: int


@dataclass(frozen=True)
class WindowAggregator:
    """The function, with all that it works with."""

    aggregator: Aggregator
    reader: RequestReader
    dimensions: Mapping[str, str]
    clock: Callable[[], float] = time.time
    # Seconds that pass, by which no more portions of a batch are begun.
    stopwatch: Callable[[], float] = time.monotonic

    def aggregate(self, event: dict[str, Any], seconds_left: float) -> dict[str, Any]:
        """The answer to the event source mapping: the first record whose windows are not written, or none.

        After the first portion of the batch, another is begun only if two like the slowest so far fit into the time
        left, so that what was done is known before the function is ended.
        """
        records, heartbeats = apart(read_records(event))
        retry_from = self._aggregate(records, seconds_left)
        write_lines(
            heartbeat_lines(AGGREGATOR_HEARTBEAT_AGE, heartbeats, retry_from, self.clock(), self.dimensions)
        )
        return {"batchItemFailures": [] if retry_from is None else [{"itemIdentifier": str(retry_from)}]}

    def _aggregate(self, batch: Sequence[StreamRecord], seconds_left: float) -> int | None:
        """The sequence number of the record to start again from, if there is one."""
        deadline = Deadline(self.stopwatch() + seconds_left, self.stopwatch)
        slowest_s = 0.0
        for number, records in enumerate(portions(batch)):
            began_s = deadline.seconds_left()
            if number and began_s <= max(2 * slowest_s, _RESERVE_S):
                return _retry_from(records, "there is no time left for the rest of the batch")
            try:
                report = self.aggregator.process(records, self.reader)
            except TransientError as error:
                return _retry_from(records, str(error))
            except ConfigurationError:
                raise
            except Exception as error:
                now_ms = round(self.aggregator.clock() * 1000)
                if not is_isolated(records, now_ms, after_ms=_PASSED_OVER_AFTER_MS):
                    raise
                cause = f"{type(error).__name__}: a fault of the aggregator's own"
                write_lines([json.dumps({"passed_over": records[0].request_id, "cause": cause})])
                continue
            write_lines([report_line(report)])
            slowest_s = max(slowest_s, began_s - deadline.seconds_left())
        return None


def _retry_from(records: Sequence[StreamRecord], cause: str) -> int:
    """The first of these records, from which the stream must send again, after a line that says why."""
    sequence = records[0].sequence
    write_lines([json.dumps({"retry_from": str(sequence), "cause": cause})])
    return sequence


def build(
    variables: Mapping[str, str],
    connect: Callable[..., Any] = LaterClient,
    connect_dynamodb: Callable[..., DynamoDb] = connect_to_dynamodb,
    clock: Callable[[], float] = time.time,
) -> WindowAggregator:
    """The function in this environment, with clients that `connect` makes, and of its tables `connect_dynamodb`.

    `clock` tells seconds since 1970.
    """
    environment, limits = _read(variables)
    timing = Timing(environment.tick_seconds, environment.grace_seconds)
    # A write that is tried only once ends within the time that its readers allow for; the table tries again itself.
    writer = connect_dynamodb(read_timeout_s=2, attempts=1, connections=1)
    reader = connect_dynamodb(read_timeout_s=3, attempts=2, connections=1)
    # Most batches start no evaluation.
    executions = connect("stepfunctions", read_timeout=3, attempts=2)
    aggregator = Aggregator(
        rules=RulesTable(reader, environment.rules_table),
        windows=WindowsTable(writer, environment.windows_table, timing, clock),
        start=partial(start_evaluation, executions, environment.state_machine_arn),
        timing=timing,
        group_cap=environment.maximum_groups,
        clock=clock,
    )
    requests = RequestReader(limits, environment.otlp_attributes, passed_over=frozenset({REDRIVEN_COUNTED}))
    dimensions = metric_dimensions(environment.project, environment.environment)
    return WindowAggregator(aggregator, requests, dimensions, clock)


def _read(variables: Mapping[str, str]) -> tuple[_Environment, StoreLimits]:
    """The environment, and the limits by which the writer judges the same points."""
    if is_lake(variables):
        return _in_lake(read_environment(LakeWindowAggregatorEnvironment, variables))
    return _in_timestream(read_environment(WindowAggregatorEnvironment, variables))


def _in_timestream(environment: WindowAggregatorEnvironment) -> tuple[_Environment, StoreLimits]:
    return environment, store_limits(environment.magnetic_retention_days)


def _in_lake(environment: LakeWindowAggregatorEnvironment) -> tuple[_Environment, StoreLimits]:
    return environment, lake_limits(environment.retention_days, environment.dimension_names)


def report_line(report: BatchReport) -> str:
    """The batch as a log line; no metrics, as an evaluation reports what is known of alerts."""
    counts = {
        "AlertPointsJudged": report.judged,
        "AlertPointsTooLate": report.too_late,
        "AlertEvidenceBytes": report.bytes_written,
        "AlertRulesUnreadable": report.unreadable_rules,
        "AlertRulesOverCap": len(report.over_cap),
        "AlertWindowsLeftOut": report.windows_left_out,
        "AlertEvaluationsNotStarted": len(report.not_started),
    }
    return json.dumps({**counts, "details": asdict(report)}, separators=(",", ":"))


handler = lambda_handler(build, WindowAggregator.aggregate)
