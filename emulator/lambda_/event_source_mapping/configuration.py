"""The event source mappings of a deployment as configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.cloudformation.deployment import Deployment, Resource
from emulator.errors import UnsupportedFunctionError

# https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
_DEFAULT_BATCH_SIZE = 100
UNLIMITED = -1

_PROPERTIES = frozenset(
    {
        "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "EventSourceArn",
        "FunctionName", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "MetricsConfig", "ParallelizationFactor",
        "StartingPosition", "StartingPositionTimestamp", "Tags",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MappingConfig:
    """An event source mapping as its template describes it."""

    logical_id: str
    uuid: str
    function_name: str
    source_arn: str
    batch_size: int
    window_s: float
    parallelization: int
    bisect: bool
    report_failures: bool
    max_retries: int
    max_age_s: float
    starting_position: str
    starting_at_s: float | None
    destination_arn: str | None
    counts_events: bool = False


def read_mappings(deployment: Deployment) -> tuple[MappingConfig, ...]:
    """The enabled event source mappings; UnsupportedFunctionError names what is not honoured here."""
    return tuple(
        _mapping(item)
        for item in deployment.of_type("AWS::Lambda::EventSourceMapping")
        if _true(item.properties.get("Enabled", True))
    )


def _mapping(resource: Resource) -> MappingConfig:
    properties: Mapping[str, Any] = resource.properties
    unknown = sorted(set(properties) - _PROPERTIES)
    if unknown:
        raise UnsupportedFunctionError(f"{resource.logical_id}: {', '.join(unknown)} is not honoured here")
    timestamp = properties.get("StartingPositionTimestamp")
    return MappingConfig(
        logical_id=resource.logical_id,
        uuid=resource.physical_id,
        function_name=function_name(properties["FunctionName"]),
        source_arn=properties["EventSourceArn"],
        batch_size=int(properties.get("BatchSize", _DEFAULT_BATCH_SIZE)),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        parallelization=int(properties.get("ParallelizationFactor", 1)),
        bisect=_true(properties.get("BisectBatchOnFunctionError", False)),
        report_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        max_retries=int(properties.get("MaximumRetryAttempts", UNLIMITED)),
        max_age_s=float(properties.get("MaximumRecordAgeInSeconds", UNLIMITED)),
        starting_position=properties["StartingPosition"],
        starting_at_s=None if timestamp is None else float(timestamp),
        counts_events="EventCount" in properties.get("MetricsConfig", {}).get("Metrics", ()),
        destination_arn=properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
    )


def function_name(name_or_arn: str) -> str:
    """The name in a function's name, ARN or partial ARN, with or without a qualifier."""
    _, found, rest = name_or_arn.partition(":function:")
    return (rest if found else name_or_arn).split(":")[0]


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
