"""The window aggregator: the stream's second consumer, which turns batches into evidence for the rules."""

from troposphere import Ref, Template
from troposphere.awslambda import DestinationConfig, EventSourceMapping, MetricsConfig, OnFailure

from templates.components.alerting.tables import AlertTables
from templates.components.key import Key
from templates.components.operators import Operators
from templates.components.quarantine import Quarantine
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.function import Bundle, Function, add_function
from templates.constructs.state_machine import StateMachine

# A batch is one item of evidence, so a large one is cheap; Lambda cuts it at 6 MB.
BATCH_RECORDS = 1_000

FUNCTION_ALARMS = (
    Alarm(
        "Errors",
        "Errors",
        "Sum",
        1,
        "Invocations of the aggregator fail, so alerts miss evidence until a retry succeeds. Three minutes of five "
        "are a defect or a missing permission.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Throttles",
        "Throttles",
        "Sum",
        1,
        "Lambda has no room for the aggregator: the account's concurrency is used up. Alerts judge too few points "
        "and correct themselves later.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Late",
        "IteratorAge",
        "Maximum",
        120_000,
        "The aggregator is two minutes behind the stream: alerts are judged on a part of their points, and again "
        "when the rest comes.",
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
        "Records were given up unjudged, after the last retry or by their age. They are stored nevertheless; alerts "
        "of those minutes may be wrong. The batch is in the quarantine bucket (aws/lambda/).",
        period=300,
    ),
)


def add_window_aggregator(
    template: Template,
    config: Config,
    *,
    source: Stream,
    tables: AlertTables,
    evaluation: StateMachine,
    rejects_to: Quarantine,
    bundle: Bundle,
    key: Key,
    alarms_to: Operators,
) -> Function:
    """A function that reads `source` in plain batches, writes evidence to `tables` and starts `evaluation`."""
    function = add_function(
        template,
        "WindowAggregator",
        handler="handlers.window_aggregator.handler",
        description="Turns batches of requests into evidence for the alert rules, and starts their evaluation",
        memory_mb=512,
        timeout_seconds=60,
        environment={
            "ENVIRONMENT": config.environment,
            "RULES_TABLE": tables.rules_name,
            "WINDOWS_TABLE": tables.windows_name,
            "STATE_MACHINE_ARN": evaluation.arn,
            "TICK_SECONDS": str(config.alerts.tick_seconds),
            "GRACE_SECONDS": str(config.alerts.grace_seconds),
            "MAXIMUM_GROUPS": str(config.alerts.maximum_groups),
            "MAGNETIC_RETENTION_DAYS": str(config.store.magnetic_days),
        },
        statements=[
            *source.read(),
            *tables.read_rules(),
            *tables.write_windows(),
            *evaluation.start(),
            *rejects_to.take_failures(),
        ],
        bundle=bundle,
        key_arn=key.arn,
        logs_config=config.logs,
    )
    mapping = template.add_resource(
        EventSourceMapping(
            "WindowAggregatorMapping",
            FunctionName=function.name,
            EventSourceArn=source.arn,
            StartingPosition="TRIM_HORIZON",
            BatchSize=BATCH_RECORDS,
            MaximumBatchingWindowInSeconds=config.alerts.window_seconds,
            BisectBatchOnFunctionError=True,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            MaximumRetryAttempts=config.writer.maximum_retries,
            MaximumRecordAgeInSeconds=config.writer.maximum_age_seconds,
            DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=rejects_to.arn)),
            MetricsConfig=MetricsConfig(Metrics=["EventCount"]),
        )
    )
    for dimensions, alarms in (
        ({"FunctionName": function.name}, FUNCTION_ALARMS),
        ({"EventSourceMappingUUID": Ref(mapping)}, MAPPING_ALARMS),
    ):
        add_alarms(
            template,
            "WindowAggregator",
            alarms,
            namespace="AWS/Lambda",
            dimensions=dimensions,
            notify=alarms_to.actions,
        )
    return function
