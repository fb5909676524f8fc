"""A generated template as a bill reads it: its resources by type, and the component that each belongs to."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.vocabulary import NAMESPACE

Properties = Mapping[str, Any]

# By the beginning of a logical id; the first that fits.
_COMPONENTS = {
    "IngestApi": "ingest API",
    "Client": "ingest API",
    "Stream": "stream",
    "MetricWriter": "metric writer",
    "Metrics": "metric store",
    "Database": "metric store",
    "Dimensions": "metric store",
    "Quarantine": "quarantine",
    "MetricExport": "exports",
    "Export": "exports",
    "Alert": "alerting",
    "WindowAggregator": "alerting",
    "RuleChanges": "alerting",
    "Dashboard": "fleet",
}


def component_of(title: str) -> str:
    """The component of a logical id; what belongs to none is the platform's."""
    return next((name for start, name in _COMPONENTS.items() if title.startswith(start)), "platform")


@dataclass(frozen=True)
class Deployed:
    """The templates of a region; of the fleet's, which all `regions` share, it bears its part."""

    regional: Mapping[str, Any]
    fleet: Mapping[str, Any]
    regions: int = 1

    def of(self, kind: str) -> Mapping[str, Properties]:
        """The region's resources of a type, by logical id."""
        return {
            title: part.get("Properties", {})
            for title, part in self.regional["Resources"].items()
            if part["Type"] == kind
        }

    def kinds(self) -> frozenset[str]:
        """The types of the resources."""
        both = (*self.regional["Resources"].values(), *self.fleet["Resources"].values())
        return frozenset(part["Type"] for part in both)

    def dashboards(self) -> int:
        """The number of dashboards."""
        return sum(part["Type"] == "AWS::CloudWatch::Dashboard" for part in self.fleet["Resources"].values())

    def own_metrics(self) -> frozenset[str]:
        """The metrics of the functions that an alarm or a widget reads: a test holds them to emit no others."""
        watched = {
            query["MetricName"]
            for alarm in self.of("AWS::CloudWatch::Alarm").values()
            for query in watched_metrics(alarm)
            if query.get("Namespace") == NAMESPACE
        }
        return frozenset(watched | set(self._drawn()))

    def _drawn(self) -> Iterator[str]:
        for part in self.fleet["Resources"].values():
            if part["Type"] == "AWS::CloudWatch::Dashboard":
                for widget in json.loads(part["Properties"]["DashboardBody"])["widgets"]:
                    namespace = ""
                    for line in widget["properties"].get("metrics", ()):
                        # A dot stands for what the line before has.
                        namespace = namespace if line[0] == "." else line[0]
                        if namespace == NAMESPACE:
                            yield line[1]


def watched_metrics(alarm: Properties) -> list[Properties]:
    """The metrics that an alarm is billed for, those of its formula each by itself."""
    if "MetricName" in alarm:
        return [alarm]
    queries = alarm["Metrics"]
    found = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    # A query in CloudWatch's SQL is billed for the metrics that it finds; ours find one each.
    return found + [{} for query in queries if "SELECT" in query.get("Expression", "")]
