"""CloudWatch's embedded metric format: log lines that are metrics, too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.vocabulary import NAMESPACE

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
METRIC_VALUES = 100
_COUNT = "Count"


def metrics_line(
    values: Mapping[str, float | Sequence[int]],
    dimensions: Mapping[str, str],
    now_ms: int,
    *,
    units: Mapping[str, str] | None = None,
    context: Mapping[str, Any] | None = None,
) -> str:
    """One line of ASCII JSON: the values as metrics in these dimensions, beside them the context that explains them.

    A metric counts something unless `units` says otherwise; one that is a sequence has up to METRIC_VALUES values.
    A zero is logged and is no metric: these are paid by the hours that have values, and to our alarms no value is zero.
    """
    metrics = [
        {"Name": name, "Unit": (units or {}).get(name, _COUNT)} for name, value in values.items() if value
    ]
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": metrics}
    embedded = {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}} if metrics else {}
    return json.dumps({**values, **dimensions, **embedded, **(context or {})}, separators=(",", ":"))
