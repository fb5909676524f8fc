"""Log lines that are metrics, too (CloudWatch's embedded metric format)."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.domain.ingest.report import NAMESPACE


def metrics_line(counts: Mapping[str, int], details: Mapping[str, Any], environment: str, now_ms: int) -> str:
    """One line of ASCII JSON: counts as metrics of the environment, and whatever explains them."""
    metrics = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {
        "Timestamp": now_ms,
        "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": metrics}],
    }
    line = {**counts, "details": details, "Environment": environment, "_aws": directive}
    return json.dumps(line, separators=(",", ":"))
