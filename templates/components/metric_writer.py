"""The metric writer: batches from the stream become points in the store."""

from dataclasses import dataclass

from troposphere import Ref, Template
from troposphere.awslambda import DestinationConfig, EventSourceMapping, MetricsConfig, OnFailure

from handlers.vocabulary import METRIC_DIMENSION, NAMESPACE
from templates.components.export_store import ExportStore
from templates.components.key import Key
from templates.components.metric_store import MetricStore
from templates.components.operators import Operators
from templates.components.quarantine import Quarantine
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.function import Bundle, Function, add_function

FUNCTION_ALARMS = (
    Alarm(
        "Errors",
        "Errors",
        "Sum",
        1,
        "Invocations fail. One heals itself by a retry; three minutes of five are a defect or a missing permission.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Throttles",
        "Throttles",
        "Sum",
        1,
        "Lambda has no room for the writer: the reserved concurrency or the account's is used up. Batches wait, so "
        "it matters when it lasts.",
        periods=5,
        datapoints=3,
    ),
)

MAPPING_ALARMS = (
    Alarm(
        "GaveUp",
        "OnFailureDestinationDeliveredEventCount",
        "Sum",
        1,
        "Records went to the quarantine bucket (aws/lambda/) unstored, after the last retry or by their age. Each "
        "holds up to a whole request: redrive them.",
        period=300,
    ),
    Alarm(
        "Dropped",
        "DroppedEventCount",
        "Sum",
        1,
        "Lambda dropped records without storing or keeping them: the one way points are lost. Look at the "
        "permissions of the quarantine bucket and the key first.",
        period=300,
    ),
)

POINT_ALARMS = (
    Alarm(
        "Quarantined",
        "PointsQuarantined",
        "Sum",
        1,
        "A client sends points that cannot be stored; each is in the quarantine bucket with its reason. Somebody "
        "should tell the client, so the first one counts.",
        period=300,
    ),
    Alarm(
        "Unreadable",
        "RecordsUnreadable",
        "Sum",
        1,
        "A record is not what the API lets through, so something else writes to the stream, or the API's model is "
        "broken.",
        period=300,
    ),
)


def iterator_age_alarm(maximum_age_seconds: int) -> Alarm:
    """Half of the age at which records are given up: time is left to act, and a deployment does not reach it."""
    return Alarm(
        "Late",
        "IteratorAge",
        "Maximum",
        maximum_age_seconds * 1000 / 2,
        "The oldest record has waited half of the time after which records are given up: the store refuses writes, "
        "or the writer is too slow for what comes in.",
        periods=3,
        datapoints=3,
    )


def duration_alarm(timeout_seconds: int) -> Alarm:
    """Four fifths of the timeout: beyond it invocations end unfinished, and their batches are run again."""
    return Alarm(
        "Slow",
        "Duration",
        "p99",
        timeout_seconds * 1000 * 0.8,
        "One invocation in a hundred takes four fifths of its timeout. What is cut off is run again and takes as long: "
        "smaller batches, more memory, or a store that has slowed down.",
        periods=5,
        datapoints=3,
    )


@dataclass(frozen=True)
class MetricWriter:
    """The writer's function and its event source mapping."""

    function: Function
    mapping: EventSourceMapping


def add_metric_writer(
    template: Template,
    config: Config,
    *,
    source: Stream,
    sink: MetricStore,
    rejects_to: Quarantine,
    marks_in: ExportStore,
    bundle: Bundle,
    key: Key,
    alarms_to: Operators,
) -> MetricWriter:
    """A function that reads `source` in batches, writes to `sink`, sets aside what cannot be, and marks late hours."""
    writer = config.writer
    function = add_function(
        template,
        "MetricWriter",
        handler="handlers.metric_writer.handler",
        description="Stores the points of a batch of requests, sets aside what cannot be stored",
        memory_mb=writer.memory_mb,
        timeout_seconds=writer.timeout_seconds,
        environment={
            "PROJECT": config.project,
            "ENVIRONMENT": config.environment,
            "DATABASE_NAME": sink.database_name,
            "TABLE_NAME": sink.table_name,
            "DIMENSIONS_TABLE": sink.dimensions_name,
            "QUARANTINE_BUCKET": rejects_to.name,
            "EXPORT_HOURS_TABLE": marks_in.hours_name,
            "EXPORT_LAG_MINUTES": str(config.export.lag_minutes),
            "MEMORY_RETENTION_HOURS": str(config.store.memory_hours),
            "MAGNETIC_RETENTION_DAYS": str(config.store.magnetic_days),
            "LOG_LEVEL": writer.log_level,
        },
        statements=[
            *source.read(),
            *sink.write(),
            *rejects_to.set_aside(),
            *rejects_to.take_failures(),
            *marks_in.mark(),
        ],
        bundle=bundle,
        key_arn=key.arn,
        logs_config=config.logs,
        reserved_concurrency=writer.reserved_concurrency,
    )
    mapping = template.add_resource(
        EventSourceMapping(
            "MetricWriterMapping",
            FunctionName=function.name,
            EventSourceArn=source.arn,
            # A new stack must not miss what was posted before the mapping was ready.
            StartingPosition="TRIM_HORIZON",
            BatchSize=writer.batch_size,
            MaximumBatchingWindowInSeconds=writer.window_seconds,
            ParallelizationFactor=writer.parallelization,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            MaximumRetryAttempts=writer.maximum_retries,
            MaximumRecordAgeInSeconds=writer.maximum_age_seconds,
            # S3, not SQS: a queue gets the place in the stream, a bucket the records themselves.
            DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=rejects_to.arn)),
            MetricsConfig=MetricsConfig(Metrics=["EventCount"]),
        )
    )
    by_function = {"FunctionName": function.name}
    tables = (
        (
            "AWS/Lambda",
            by_function,
            (
                *FUNCTION_ALARMS,
                duration_alarm(writer.timeout_seconds),
                iterator_age_alarm(writer.maximum_age_seconds),
            ),
        ),
        ("AWS/Lambda", {"EventSourceMappingUUID": Ref(mapping)}, MAPPING_ALARMS),
        (NAMESPACE, {METRIC_DIMENSION: config.environment}, POINT_ALARMS),
    )
    for namespace, dimensions, alarms in tables:
        add_alarms(
            template,
            "MetricWriter",
            alarms,
            namespace=namespace,
            dimensions=dimensions,
            notify=alarms_to.actions,
        )
    return MetricWriter(function, mapping)
