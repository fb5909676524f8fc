"""The body of a notification, made as the evaluation makes it."""

from typing import Any

BODY: dict[str, Any] = {
    "version": 1, "dedupe_id": "d" * 32, "alert_id": "a" * 32, "sequence": 3, "untold": 0,
    "kind": "alarm", "state": "ALARM", "previous_state": "OK", "severity": "critical", "metric_type": "system",
    "metric_name": "cpu.load", "value": 95.5, "threshold": 90.0,
    "rule": {"rule_id": "cpu-hot", "statistic": "avg", "operator": ">", "datapoints": "3 of 3"},
    "group": {"host": "web-1", "disk": None}, "since": "2025-11-22T00:03:00Z", "at": "2025-11-22T00:03:00Z",
    "late": False, "period": {"seconds": 60, "start": "2025-11-22T00:02:00Z", "end": "2025-11-22T00:03:00Z"},
    "reason": "avg of cpu.load is 93, 94, 95.5", "annotation": "web-1 is too hot.\nOpen a window.",
    "runbook": "https://example.com/hot", "region": "eu-west-1", "environment": "prod",
}  # fmt: skip
