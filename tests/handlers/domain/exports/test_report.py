"""What an execution tells operators and CloudWatch."""

import json
from typing import Any

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import Outcome, Published, Record
from handlers.domain.exports.report import (
    export_lag_s,
    failure_text,
    notification,
    results_line,
)
from handlers.domain.exports.steps import HourResult

HOUR = Hour.parse("2026-11-22T02")


def _whole(hour: Hour) -> Record:
    return Record(
        hour, outcome=Outcome.EXPORTED, published=Published("r", hour.end_s + 900, hour.end_s + 930, 1, 1)
    )


def test_a_caught_error_becomes_one_line() -> None:
    """Lambda's cause is JSON with a trace; operators get its message."""
    cause = json.dumps({"errorMessage": "no\nmanifest", "errorType": "Mismatch", "stackTrace": ["x"] * 50})
    assert failure_text({"Error": "Mismatch", "Cause": cause}) == "Mismatch: no manifest"
    assert failure_text({"Error": "States.Timeout"}) == "States.Timeout"
    assert failure_text({"Error": "E", "Cause": "[1]"}) == "E: [1]"
    assert len(failure_text({"Error": "E", "Cause": "x" * 10_000})) <= 200


def test_operators_hear_which_hours_failed_and_what_comes_next() -> None:
    """Every failed hour with its reason, none of the others."""
    busy: Any = {
        "phase": "busy", "hour": "2026-11-22T04", "by": "a", "outcome": "busy", "error": "b is exporting it",
    }  # fmt: skip
    results: list[HourResult] = [
        {"hour": "2026-11-22T02", "outcome": "failed", "error": "Mismatch: x"},
        {"hour": "2026-11-22T03", "outcome": "exported", "rows": 4, "run": "r", "bytes": 5},
        busy,
    ]
    subject, message = notification(results, "metrics-dev us-east-1")
    assert subject == "metrics-dev us-east-1: 1 hour not exported"
    assert "2026-11-22T02  Mismatch: x" in message
    assert "2026-11-22T03" not in message
    assert "tries them again" in message


def test_a_notification_stays_within_what_sns_takes() -> None:
    """However many hours failed, subject and text are bounded."""
    hours = [str(HOUR.plus(number)) for number in range(500)]
    results: list[HourResult] = [{"hour": hour, "outcome": "failed", "error": "e" * 200} for hour in hours]
    subject, message = notification(results, "x" * 200)
    assert len(subject) < 100  # SNS: "less than 100 characters long"
    assert len(message.encode()) < 10_000
    assert "and 480 more" in message


def test_the_lag_is_the_age_of_the_newest_whole_hour() -> None:
    """Readers are as far behind as the newest hour they have whole; failures after it make it grow."""
    records = {HOUR: _whole(HOUR), HOUR.plus(1): Record(HOUR.plus(1), outcome=Outcome.FAILED)}
    assert export_lag_s(records, HOUR.end_s + 960, 900) == 960
    assert export_lag_s(records, HOUR.end_s + 4560, 900) == 4560
    assert export_lag_s({}, HOUR.end_s, 900) is None
    assert export_lag_s({HOUR: Record(HOUR)}, HOUR.end_s + 960, 900) == 4560


def test_metrics_are_embedded_in_one_log_line() -> None:
    """CloudWatch finds each value under its name, by project and environment."""
    results: list[HourResult] = [
        {"hour": "a", "outcome": "exported", "rows": 5, "bytes": 10},
        {"hour": "b", "outcome": "empty"},
        {"hour": "c", "outcome": "failed"},
        {"hour": "d", "outcome": "busy"},
    ]
    line = results_line(results, 960.4, {"Project": "metrics", "Environment": "dev"}, 1)
    document = json.loads(line)
    directive = document["_aws"]["CloudWatchMetrics"][0]
    assert directive["Dimensions"] == [["Project", "Environment"]]
    values = {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
    assert values == {"HoursExported": 2, "HoursFailed": 1, "ExportLag": 960}
    assert (document["RowsExported"], document["BytesExported"]) == (5, 10)
    assert "ExportLag" not in json.loads(results_line(results, None, {}, 1))
    assert "\n" not in line
