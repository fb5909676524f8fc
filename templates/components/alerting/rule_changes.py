"""Rule changes: the function that resolves the alerts of rules that were changed or deleted."""

from troposphere import Ref, Template
from troposphere.awslambda import DestinationConfig, EventSourceMapping, MetricsConfig, OnFailure

from templates.components.alerting.tables import AlertTables
from templates.components.key import Key
from templates.components.operators import Operators
from templates.components.quarantine import Quarantine
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.function import Bundle, Function, add_function

FUNCTION_ALARMS = (
    Alarm(
        "Errors",
        "Errors",
        "Sum",
        1,
        "Changes of rules cannot be followed. The next evaluation ends the alerts of changed and deleted rules all "
        "the same; three minutes of five are a defect or a missing permission.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Throttles",
        "Throttles",
        "Sum",
        1,
        "Lambda has no room to follow the changes of rules: the account's concurrency is used up.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Late",
        "IteratorAge",
        "Maximum",
        300_000,
        "A rule was changed five minutes ago and its alerts are not resolved: the function fails or is throttled.",
        periods=3,
        datapoints=3,
    ),
)

MAPPING_ALARMS = (
    Alarm(
        "GaveUp",
        "OnFailureDestinationDeliveredEventCount",
        "Sum",
        1,
        "Changes of rules were given up after the last retry; they are in the quarantine bucket (aws/lambda/). The "
        "next evaluation has ended the alerts in question.",
        period=300,
    ),
)


def add_rule_changes(
    template: Template,
    config: Config,
    *,
    tables: AlertTables,
    rejects_to: Quarantine,
    bundle: Bundle,
    key: Key,
    alarms_to: Operators,
) -> Function:
    """A function that follows the rules' stream and resolves alerts in `tables`."""
    function = add_function(
        template,
        "RuleChanges",
        handler="handlers.rule_changes.handler",
        description="Resolves the alerts of rules that were changed or deleted",
        memory_mb=256,
        timeout_seconds=60,
        environment={
            "ENVIRONMENT": config.environment,
            "ALERTS_TABLE": tables.alerts_name,
            "TICK_SECONDS": str(config.alerts.tick_seconds),
        },
        statements=[*tables.follow_rules(), *tables.keep_alerts(), *rejects_to.take_failures()],
        bundle=bundle,
        key_arn=key.arn,
        logs_config=config.logs,
    )
    mapping = template.add_resource(
        EventSourceMapping(
            "RuleChangesMapping",
            FunctionName=function.name,
            EventSourceArn=tables.rules_stream,
            StartingPosition="TRIM_HORIZON",
            BatchSize=100,
            MaximumBatchingWindowInSeconds=1,
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
            "RuleChanges",
            alarms,
            namespace="AWS/Lambda",
            dimensions=dimensions,
            notify=alarms_to.actions,
        )
    return function
