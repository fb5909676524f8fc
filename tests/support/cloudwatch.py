"""Statistics that CloudWatch has of a metric."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.cloudwatch.metrics import MetricId, RegionMetrics


def statistic(
    cloudwatch: Any, namespace: str, name: str, dimensions: Mapping[str, str], stat: str = "Sum"
) -> float | None:
    """A statistic over all that was put of a metric, whatever the local clock says; None if nothing was."""
    answer = cloudwatch.get_metric_data(
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(days=30),
        MetricDataQueries=[
            {
                "Id": "all",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                    },
                    "Period": 31 * 86_400,
                    "Stat": stat,
                },
            }
        ],
    )
    (result,) = answer["MetricDataResults"]
    return next(iter(result["Values"]), None)


def of_region(
    metrics: RegionMetrics, namespace: str, name: str, dimensions: Mapping[str, str], stat: str = "Sum"
) -> float | None:
    """The same, of metrics that are at hand."""
    values = metrics.values(MetricId(namespace, name, tuple(sorted(dimensions.items()))), 0, 1 << 60)
    return None if values is None else values.statistic(stat)
