"""The pipeline's figures of the last hour from CloudWatch, in one call, and the alarms that are on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from handlers.vocabulary import AGGREGATOR_HEARTBEAT_AGE, NAMESPACE, WRITER_HEARTBEAT_AGE, metric_dimensions
from ops.console.place import Place
from ops.errors import refusals
from templates.names import INGEST_API

PERIOD_S = 60
SPAN_S = 3_600

# Each figure: namespace, metric, which dimensions, statistic.
_FIGURES: Mapping[str, tuple[str, str, str, str]] = {
    "requests": ("AWS/ApiGateway", "Count", "api", "Sum"),
    "refused": ("AWS/ApiGateway", "4XXError", "api", "Sum"),
    "failed": ("AWS/ApiGateway", "5XXError", "api", "Sum"),
    "latency": ("AWS/ApiGateway", "Latency", "api", "p99"),
    "records": ("AWS/Kinesis", "IncomingRecords", "stream", "Sum"),
    "received": (NAMESPACE, "PointsReceived", "own", "Sum"),
    "stored": (NAMESPACE, "PointsStored", "own", "Sum"),
    "superseded": (NAMESPACE, "PointsSuperseded", "own", "Sum"),
    "quarantined": (NAMESPACE, "PointsQuarantined", "own", "Sum"),
    "delay": (NAMESPACE, "IngestDelay", "own", "Average"),
    "delay_most": (NAMESPACE, "IngestDelay", "own", "Maximum"),
    "writer_heartbeat": (NAMESPACE, WRITER_HEARTBEAT_AGE, "own", "Minimum"),
    "aggregator_heartbeat": (NAMESPACE, AGGREGATOR_HEARTBEAT_AGE, "own", "Minimum"),
    "groups": (NAMESPACE, "AlertGroupsEvaluated", "own", "Sum"),
    "transitions": (NAMESPACE, "AlertTransitions", "own", "Sum"),
    "notifications": (NAMESPACE, "AlertNotifications", "own", "Sum"),
    "hours": (NAMESPACE, "HoursExported", "own", "Sum"),
    "hours_failed": (NAMESPACE, "HoursFailed", "own", "Sum"),
    "export_lag": (NAMESPACE, "ExportLag", "own", "Minimum"),
    **{
        f"{component}_{name}": ("AWS/Lambda", metric, component, statistic)
        for component in ("MetricWriter", "WindowAggregator", "AlertEvaluator")
        for name, metric, statistic in (
            ("waits", "IteratorAge", "Maximum"),
            ("errors", "Errors", "Sum"),
            ("throttles", "Throttles", "Sum"),
            ("runs", "Invocations", "Sum"),
        )
    },
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's values by minute, the oldest first; minutes without one are left out."""

    minutes: Sequence[tuple[int, float]] = ()

    @property
    def total(self) -> float:
        """The sum over the hour."""
        return sum(value for _, value in self.minutes)

    @property
    def last(self) -> float | None:
        """The newest minute's value, None without one."""
        return self.minutes[-1][1] if self.minutes else None


@dataclass(frozen=True, slots=True)
class AlarmOn:
    """An alarm that is on: the component's logical name, why it matters, and since when.

    One that `waits` is too new to have had the values without which it is on.
    """

    name: str
    why: str
    since: datetime
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures by name, as of a time in seconds since the epoch."""

    at_s: float
    by_name: Mapping[str, Figure] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Figure:
        return self.by_name.get(name, Figure())


def read_figures(place: Place) -> Figures:
    """The figures of the last hour; each one counts as a metric that CloudWatch was asked for."""
    at_s = place.now_s()
    end_s = int(at_s) // PERIOD_S * PERIOD_S + PERIOD_S
    dimensions = _dimensions(place)
    queries = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions[which]},
                "Period": PERIOD_S,
                "Stat": statistic,
            },
        }
        for name, (namespace, metric, which, statistic) in _FIGURES.items()
    ]
    place.spending.read_metrics(len(queries))
    names = {name.lower(): name for name in _FIGURES}
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in _FIGURES}
    with refusals("cannot read the metrics"):
        pages = place.client("cloudwatch").get_paginator("get_metric_data")
        for page in pages.paginate(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(end_s - SPAN_S, UTC),
            EndTime=datetime.fromtimestamp(end_s, UTC),
            ScanBy="TimestampAscending",
        ):
            for result in page["MetricDataResults"]:
                values = zip(result["Timestamps"], result["Values"], strict=True)
                found[names[result["Id"]]] += [(int(moment.timestamp()), value) for moment, value in values]
    return Figures(at_s, {name: Figure(sorted(minutes)) for name, minutes in found.items()})


def read_alarms(place: Place) -> list[AlarmOn]:
    """The stack's alarms that are on, by the logical ids they were given in its template."""
    prefix = f"{place.stack()['StackName']}-"
    on: list[AlarmOn] = []
    with refusals("cannot read the alarms"):
        pages = place.client("cloudwatch").get_paginator("describe_alarms")
        for page in pages.paginate(AlarmNamePrefix=prefix, StateValue="ALARM"):
            for alarm in page["MetricAlarms"]:
                if alarm["StateValue"] != "ALARM":
                    continue
                name = re.sub(r"Alarm-[A-Z0-9]+$", "", alarm["AlarmName"].removeprefix(prefix))
                why, since = alarm.get("AlarmDescription", ""), alarm["StateUpdatedTimestamp"]
                on.append(AlarmOn(name, why, since, waits=waits(alarm, place.now_s())))
    return sorted(on, key=lambda alarm: alarm.name)


def waits(alarm: Mapping[str, Any], now_s: float) -> bool:
    """True for an alarm that missing values turn on, while it is younger than the periods that CloudWatch looks at.

    Those are two more than it judges.
    """
    if alarm.get("TreatMissingData") != "breaching":
        return False
    made_s: float = alarm["AlarmConfigurationUpdatedTimestamp"].timestamp()
    return bool(now_s - made_s < (alarm["EvaluationPeriods"] + 2) * alarm["Period"])


def _dimensions(place: Place) -> Mapping[str, list[dict[str, str]]]:
    config = place.target.config
    stage = place.output("IngestArn").rsplit(":", 1)[1].split("/")[1]
    functions = ("MetricWriter", "WindowAggregator", "AlertEvaluator")
    pairs: Mapping[str, Mapping[str, Any]] = {
        "api": {"ApiName": config.name(INGEST_API), "Stage": stage},
        "stream": {"StreamName": place.output("StreamName")},
        "own": metric_dimensions(config.project, config.environment),
        **{component: {"FunctionName": place.resource(f"{component}Function")} for component in functions},
    }
    return {
        which: [{"Name": name, "Value": value} for name, value in named.items()]
        for which, named in pairs.items()
    }
