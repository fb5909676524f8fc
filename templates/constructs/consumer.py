"""A consumer: a function that reads a stream in batches, and the alarms that tell when it does not keep up."""

from collections.abc import Sequence
from typing import Any

from troposphere import Ref, Template
from troposphere.awslambda import DestinationConfig, EventSourceMapping, Function, MetricsConfig, OnFailure

from templates.constructs.alarms import Alarm, first_alarm
from templates.constructs.runtime import Runtime


def late_alarm(after_seconds: float, why: str, *, periods: int = 3) -> Alarm:
    """An alarm on the age of the oldest record that waits, when it lasts for three minutes (of `periods`)."""
    return Alarm("Late", "IteratorAge", "Maximum", after_seconds * 1000, why, periods=periods, datapoints=3)


def expiring_alarm(maximum_age_seconds: int, why: str) -> Alarm:
    """An alarm on the first attempt at a record that has waited half of the time after which it is given up.

    A warning: that nothing is stored is told long before, and as long as it lasts.
    """
    return Alarm(
        "Expiring", "IteratorAge", "Maximum", maximum_age_seconds * 500, why, period_s=300, warning=True
    )


def gave_up_alarm(why: str, *, warning: bool = False) -> Alarm:
    """An alarm on the first batch that is given up, after its last retry or by its age."""
    return first_alarm("GaveUp", "OnFailureDestinationDeliveredEventCount", why, warning=warning)


def add_consumer(
    template: Template,
    component: str,
    function: Function,
    *,
    source_arn: object,
    batch_records: int,
    window_seconds: int,
    maximum_retries: int,
    maximum_age_seconds: int,
    failed_batches_arn: object,
    function_alarms: Sequence[Alarm],
    mapping_alarms: Sequence[Alarm],
    runtime: Runtime,
    parallelization: int | None = None,
) -> None:
    """Let the function read the stream from its beginning; a batch that keeps failing is cut, and at last given up.

    What is given up goes to a bucket, not a queue: a queue gets the place in the stream, a bucket the records.
    """
    optional: dict[str, Any] = {} if parallelization is None else {"ParallelizationFactor": parallelization}
    mapping = template.add_resource(
        EventSourceMapping(
            f"{component}Mapping",
            FunctionName=Ref(function),
            EventSourceArn=source_arn,
            # A new stack must not miss what came before the mapping was ready.
            StartingPosition="TRIM_HORIZON",
            BatchSize=batch_records,
            MaximumBatchingWindowInSeconds=window_seconds,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            MaximumRetryAttempts=maximum_retries,
            MaximumRecordAgeInSeconds=maximum_age_seconds,
            DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=failed_batches_arn)),
            MetricsConfig=MetricsConfig(Metrics=["EventCount"]),
            **optional,
        )
    )
    runtime.watch(template, component, function_alarms, "AWS/Lambda", FunctionName=Ref(function))
    runtime.watch(template, component, mapping_alarms, "AWS/Lambda", EventSourceMappingUUID=Ref(mapping))
