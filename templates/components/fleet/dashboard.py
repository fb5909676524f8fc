"""One dashboard over all regions: a row each, from requests to stored points, alerts and exports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

from troposphere import Template
from troposphere.cloudwatch import Dashboard

from handlers.vocabulary import NAMESPACE, TIMESTREAM, metric_dimensions
from templates.components.metric_store import TABLE_NAME
from templates.config import Config
from templates.names import DASHBOARD, DATABASE, INGEST_API

_COLUMNS = 24  # of CloudWatch's grid
_HEIGHT = 6


@dataclass(frozen=True)
class Series:
    """One line of a widget: a metric by names that are the same in every region."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"
    right: bool = False


def add_dashboard(template: Template, config: Config) -> Dashboard:
    """The dashboard, in the region the fleet is steered from; dashboards are the account's, and one is enough."""
    widgets = [
        widget
        for row, region in enumerate(config.regions)
        for widget in _row(config, region, row * (_HEIGHT + 1))
    ]
    return template.add_resource(
        Dashboard(
            "Dashboard",
            DashboardName=config.name(DASHBOARD, region=config.home),
            DashboardBody=json.dumps({"widgets": widgets}, separators=(",", ":")),
        )
    )


def _row(config: Config, region: str, top: int) -> list[dict[str, Any]]:
    views = _views(config)
    heading = {
        "type": "text",
        "x": 0,
        "y": top,
        "width": _COLUMNS,
        "height": 1,
        "properties": {"markdown": f"## {region}"},
    }
    edges = [number * _COLUMNS // len(views) for number in range(len(views) + 1)]
    return [heading] + [
        {
            "type": "metric",
            "x": left,
            "y": top + 1,
            "width": right - left,
            "height": _HEIGHT,
            "properties": {
                "title": title,
                "region": region,
                "view": "timeSeries",
                "period": 300,
                "metrics": _lines(series),
            },
        }
        for (title, series), (left, right) in zip(views.items(), pairwise(edges), strict=True)
    ]


def _views(config: Config) -> dict[str, Sequence[Series]]:
    api = {"ApiName": config.name(INGEST_API), "Stage": config.environment}
    dimensions = metric_dimensions(config.project, config.environment)

    def own(metric: str, statistic: str = "Sum", *, right: bool = False) -> Series:
        return Series(NAMESPACE, metric, dimensions, statistic, right)

    return {
        "Ingest": (
            Series("AWS/ApiGateway", "Count", api),
            Series("AWS/ApiGateway", "4XXError", api),
            Series("AWS/ApiGateway", "5XXError", api),
            Series("AWS/ApiGateway", "Latency", api, "p99", right=True),
        ),
        "Writer": (
            own("PointsReceived"),
            own("PointsStored"),
            own("PointsSuperseded"),
            own("PointsQuarantined"),
            own("IngestDelay", "Maximum", right=True),
        ),
        "Alerts": (
            own("AlertGroupsEvaluated"),
            own("AlertTransitions"),
            own("AlertNotifications"),
            own("AlertLateTransitions"),
        ),
        "Exports": (
            own("HoursExported"),
            own("HoursFailed"),
            own("ExportLag", "Minimum", right=True),
        ),
        # What the lake is written with and read by reports nothing that would say more than the writer does.
        **(_store_view(config) if config.store.kind == TIMESTREAM else {}),
    }


def _store_view(config: Config) -> dict[str, Sequence[Series]]:
    table = {"DatabaseName": config.name(DATABASE), "TableName": TABLE_NAME}
    write = {"Operation": "WriteRecords"}
    return {
        "Store": (
            Series("AWS/Timestream", "SuccessfulRequestLatency", {**write, **table}, "SampleCount"),
            Series("AWS/Timestream", "SuccessfulRequestLatency", {**write, **table}, "p99", right=True),
            # These two know operations only: https://docs.aws.amazon.com/timestream/latest/developerguide/metrics-dimensions.html
            Series("AWS/Timestream", "SystemErrors", write),
            Series("AWS/Timestream", "UserErrors", write),
        ),
    }


def _lines(series: Sequence[Series]) -> list[list[Any]]:
    """Each line as CloudWatch writes it: a dot where the line above has the same, which keeps the template small."""
    named = [
        [one.namespace, one.metric, *(part for pair in one.dimensions.items() for part in pair)]
        for one in series
    ]
    lines: list[list[Any]] = []
    for one, names, above in zip(series, named, [[], *named], strict=False):
        short = ["." if name == other else name for name, other in zip_longest(names, above[: len(names)])]
        options = {"stat": one.statistic, **({"yAxis": "right"} if one.right else {})}
        lines.append([*short, options])
    return lines
