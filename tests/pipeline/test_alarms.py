"""The deployed alarms over the run's own metrics: quiet while all is well, and in ALARM for what faults break."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from tests.support.cloudwatch import statistic
from tests.support.documents import ROOT
from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline

POINT = {"metric_name": "fine", "value": 1}


@pytest.fixture(scope="module")
def run() -> Iterator[LocalRun]:
    """A run without the feed."""
    started = LocalRun("--no-feed", "--environment", "load")
    yield started
    started.kill()


def alarms(run: LocalRun) -> dict[str, str]:
    """The state of every alarm, by its logical id."""
    found = run.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {re.sub(r"^metrics-load-|Alarm-\w+$", "", one["AlarmName"]): one["StateValue"] for one in found}


def in_alarm(run: LocalRun) -> set[str]:
    """The alarms that are in ALARM."""
    return {name for name, state in alarms(run).items() if state == "ALARM"}


def named(run: LocalRun) -> set[tuple[str, frozenset[str]]]:
    """Namespace and name, with the names of the dimensions, of what CloudWatch has."""
    pages = run.client("cloudwatch").get_paginator("list_metrics").paginate()
    return {
        (f"{one['Namespace']} {one['MetricName']}", frozenset(item["Name"] for item in one["Dimensions"]))
        for page in pages
        for one in page["Metrics"]
    }


def watched(run: LocalRun) -> set[tuple[str, frozenset[str]]]:
    """The same of what the alarms read, but for SQL's, which names no dimensions."""
    found = run.client("cloudwatch").describe_alarms()["MetricAlarms"]
    queries = chain.from_iterable(one.get("Metrics", []) for one in found)
    metrics: list[Any] = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    metrics += [one for one in found if one.get("MetricName")]
    return {
        (f"{one['Namespace']} {one['MetricName']}", frozenset(item["Name"] for item in one["Dimensions"]))
        for one in metrics
    }


def minutes_until(run: LocalRun, condition: Callable[[], bool], what: str) -> None:
    """Move the clock by minutes, in each of which a heartbeat is sent, until the condition holds."""

    def holds() -> bool:
        if condition():
            return True
        time.sleep(1.5)  # a heartbeat's way, and a look at the alarms
        run.control("clock", {"advance_seconds": 60})
        return False

    wait_for(holds, what, seconds=60)


def test_without_trouble_every_alarm_is_ok(run: LocalRun) -> None:
    """All of the template's, a moment after the start and after minutes of work."""
    assert run.post(POINT).status == 202
    run.wait_until_stored("fine", 1)
    run.control("clock", {"advance_seconds": 3600})  # past the start of an export
    minutes_until(run, lambda: set(alarms(run).values()) == {"OK"}, "every alarm to be OK")
    assert len(alarms(run)) >= 29
    received = {"Project": "metrics", "Environment": "load"}
    assert statistic(run.client("cloudwatch"), "Tidegauge", "PointsStored", received) == 1


def test_what_faults_break_is_what_goes_to_alarm(run: LocalRun) -> None:
    """Refused requests, throttled writes, an API that answers 503, points set aside, evaluations that fail."""
    run.control(
        "faults",
        {
            "rules": [
                "lambda/AlertEvaluatorFunction=denied",
                {
                    "service": "kinesis",
                    "operation": "PutRecord",
                    "error": "ProvisionedThroughputExceededException",
                    "probability": 0.5,
                },
            ]
        },
    )
    for _ in range(16):
        for body in (POINT, {"value": 1}, {**POINT, "timestamp": 1}):
            for _ in range(4):
                run.post(body)
        run.control("clock", {"advance_seconds": 60})
    expected = {
        "AlertEvaluationFailed", "IngestApiRefused", "IngestApiUnavailable", "MetricWriterQuarantined",
        "StreamWriteThrottled",
    }  # fmt: skip
    wait_for(lambda: in_alarm(run) >= expected, f"{expected} in ALARM", seconds=60)
    # A record that waits while the clock is moved twice is two minutes old, heartbeats are throttled as well, and an
    # hour may begin among these minutes.
    may_be = {
        "MetricExportExecutionsFailed", "MetricExportLag", "MetricExportMissing", "WindowAggregatorLate",
        "MetricWriterHeartbeatMissing", "WindowAggregatorHeartbeatMissing",
    }  # fmt: skip
    assert in_alarm(run) <= expected | may_be
    told = run.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert all(one["StateReason"].startswith("Threshold Crossed: ") for one in told)

    run.control("faults", method="DELETE")
    run.control("clock", {"advance_seconds": 7200})
    minutes_until(run, lambda: in_alarm(run) <= {"MetricExportLag"}, "the alarms to be over")


def rows(second: str) -> list[tuple[str, str]]:
    """A table of the runbooks' page: its faults, in short, and what stands beside each."""
    text = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")
    table = text.partition(f"| fault | {second} |\n|---|---|\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)`[^|]* \| ([^|]+) \|$", table, flags=re.MULTILINE)


def test_faults_that_are_dealt_with_raise_none(run: LocalRun) -> None:
    """All of the table's at once, over more minutes than any alarm on a minute's errors looks at."""
    of_hours = {"MetricExportLag", "MetricExportMissing"}
    minutes_until(run, lambda: in_alarm(run) <= of_hours, "the alarms to be over")
    dealt_with = [rule for rules, _ in rows("why none") for rule in rules.split()]
    run.control("faults", {"seed": 7, "rules": dealt_with})
    raised: set[str] = set()
    try:
        for _ in range(6):
            for _ in range(4):
                run.post(POINT)
            time.sleep(0.5)
            run.control("clock", {"advance_seconds": 60})
            raised |= in_alarm(run)
        struck = run.control("faults")["injected"]
    finally:
        run.control("faults", method="DELETE")
    time.sleep(2)
    assert (raised | in_alarm(run)) - of_hours == set()
    assert struck > 10


@pytest.mark.parametrize(("rules", "alarms_"), rows("alarms"))
def test_a_fault_raises_the_alarms_of_its_row(run: LocalRun, rules: str, alarms_: str) -> None:
    """Within twenty minutes of the clock, by minutes first, as some alarms want three of five."""
    expected = set(alarms_.split(", "))
    minutes_until(run, lambda: expected.isdisjoint(in_alarm(run)), "the alarms to be over")
    run.control("faults", {"rules": rules.split()})
    raised: set[str] = set()

    def all_raised() -> bool:
        raised.update(in_alarm(run))
        return raised >= expected

    try:
        for step_s in (*[60] * 5, 900):
            for body in (POINT, {**POINT, "timestamp": 1}):
                run.post(body)
            time.sleep(1)  # a batch fills, and the alarms are looked at
            if all_raised():
                break
            run.control("clock", {"advance_seconds": step_s, "at_once": True})
        wait_for(all_raised, f"{expected} to be raised", seconds=15)
    finally:
        run.control("faults", method="DELETE")


def test_a_metric_that_an_alarm_reads_has_its_name_and_dimensions_here(run: LocalRun) -> None:
    """Every one that this work made values of; the others are of what did not happen."""
    assert watched(run) - named(run) <= {
        (name, frozenset(dimensions))
        for name, dimensions in {
            "AWS/Lambda DroppedEventCount": ["EventSourceMappingUUID"],
            "AWS/Lambda OnFailureDestinationDeliveredEventCount": ["EventSourceMappingUUID"],
            "AWS/SNS NumberOfNotificationsFailed": ["TopicName"],
            "AWS/Scheduler InvocationDroppedCount": ["ScheduleGroup"],
            "AWS/States ExecutionsTimedOut": ["StateMachineArn"],
            "Tidegauge AlertRulesOverCap": ["Project", "Environment"],
            "Tidegauge AlertRulesUnreadable": ["Project", "Environment"],
            "Tidegauge ExportLag": ["Project", "Environment"],
            "Tidegauge HoursFailed": ["Project", "Environment"],
            "Tidegauge RecordsUnreadable": ["Project", "Environment"],
        }.items()
    }
