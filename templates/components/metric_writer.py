"""The metric writer: batches from the stream become points in the store."""

from troposphere import Ref, Template

from handlers.vocabulary import NAMESPACE, WRITER_HEARTBEAT_AGE, metric_dimensions
from templates.components.exporting.hours import ExportHours
from templates.components.platform import Platform
from templates.components.quarantine import Quarantine
from templates.components.store import Store, limits_environment
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.alarms import Alarm, errors_alarm, first_alarm, heartbeat_alarm, throttles_alarm
from templates.constructs.consumer import add_consumer, expiring_alarm, gave_up_alarm, late_alarm
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs

MAPPING_ALARMS = (
    gave_up_alarm(
        "Records went to the quarantine bucket (aws/lambda/) unstored, as they were older than "
        "writer.maximum_age_seconds or failed too often. Each holds up to a whole request. When the store is well, "
        "`ops quarantine redrive --batches` writes them again."
    ),
    first_alarm(
        "Dropped",
        "DroppedEventCount",
        "Lambda dropped records without storing or keeping them: the one way points are lost. Look at the "
        "permissions of the quarantine bucket and the key first.",
    ),
)

POINT_ALARMS = (
    first_alarm(
        "Quarantined",
        "PointsQuarantined",
        "A client sends points that cannot be stored; each is in the quarantine bucket with its reason, which "
        "`ops quarantine list` shows. The client should be told, so the first one counts.",
    ),
    first_alarm(
        "Unreadable",
        "RecordsUnreadable",
        "A record is not what the API lets through, so something else writes to the stream, or the API's model is "
        "broken.",
        warning=True,
    ),
)


HEARTBEAT_ALARM = heartbeat_alarm(
    WRITER_HEARTBEAT_AGE,
    "No heartbeat of the last ten minutes came through API, stream and writer: points that clients send now are "
    "refused, or are not stored.",
)

# Somebody should hear of a writer that stands still long before half of the time to repair it is over.
_LATE_S = 7200


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
        warning=True,
    )


def add_metric_writer(
    template: Template,
    config: Config,
    platform: Platform,
    *,
    source: Stream,
    sink: Store,
    quarantine: Quarantine,
    late_marks: ExportHours,
) -> None:
    """A function that stores the points of `source` in `sink` or the quarantine, and marks the hours of late ones."""
    writer = config.writer
    function = add_function(
        template,
        "MetricWriter",
        handler="handlers.metric_writer.handler",
        description="Stores the points of a batch of requests, sets aside what cannot be stored",
        memory_mb=writer.memory_mb,
        timeout_seconds=writer.timeout_seconds,
        environment={
            **sink.write_environment,
            "PROJECT": config.project,
            "ENVIRONMENT": config.environment,
            "QUARANTINE_BUCKET": Ref(quarantine.bucket),
            "EXPORT_HOURS_TABLE": Ref(late_marks.table),
            "EXPORT_LAG_MINUTES": str(config.export.lag_minutes),
            **limits_environment(config),
            "LOG_LEVEL": writer.log_level,
        },
        statements=[
            *source.read(),
            *sink.write_points(),
            *quarantine.write_points(),
            *quarantine.write_failed_batches(),
            *late_marks.mark_late(),
        ],
        polled=True,
        runtime=platform.runtime,
        reserved_concurrency=writer.reserved_concurrency,
    )
    add_consumer(
        template,
        "MetricWriter",
        function,
        source_arn=source.resource.get_att("Arn"),
        batch_records=writer.batch_size,
        window_seconds=writer.window_seconds,
        maximum_retries=writer.maximum_retries,
        maximum_age_seconds=writer.maximum_age_seconds,
        failed_batches_arn=quarantine.bucket.get_att("Arn"),
        function_alarms=(
            *(
                alarm("the writer", "Batches wait, and are given up at writer.maximum_age_seconds.")
                for alarm in (errors_alarm, throttles_alarm)
            ),
            duration_alarm(writer.timeout_seconds),
            late_alarm(
                # Time is left to act, and a deployment does not reach it.
                min(writer.maximum_age_seconds / 4, _LATE_S),
                "The oldest record has waited a quarter of the time after which records are given up, or two hours: "
                "the store refuses writes, or the writer is too slow for what comes in. Mend it before "
                "writer.maximum_age_seconds is over, or raise that and stream.retention_hours and deploy.",
            ),
            expiring_alarm(
                writer.maximum_age_seconds,
                "Half of the time to repair is over: the oldest record has waited half of "
                "writer.maximum_age_seconds. Mend what the writer's log names as the cause. If that takes longer, "
                "raise stream.retention_hours and writer.maximum_age_seconds and deploy. What is given up all the same "
                "comes in with `ops quarantine redrive --batches`.",
            ),
        ),
        mapping_alarms=MAPPING_ALARMS,
        runtime=platform.runtime,
        parallelization=writer.parallelization,
    )
    own = metric_dimensions(config.project, config.environment)
    heartbeat = [HEARTBEAT_ALARM] if config.operators.heartbeat else []
    platform.runtime.watch(template, "MetricWriter", [*POINT_ALARMS, *heartbeat], NAMESPACE, **own)
    add_outputs(template, ("MetricWriterName", Ref(function), "The function that stores points"))
