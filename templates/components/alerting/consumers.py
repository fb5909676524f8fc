"""The consumers of the alerts: one aggregates the stream by the rules' windows, one follows the changes of rules."""

from troposphere import Ref, Template
from troposphere.stepfunctions import StateMachine

from handlers.vocabulary import AGGREGATOR_HEARTBEAT_AGE, NAMESPACE, metric_dimensions
from templates.components.alerting.tables import AlertTables
from templates.components.platform import Platform
from templates.components.quarantine import Quarantine
from templates.components.store import limits_environment
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.alarms import heartbeat_alarm, throttles_alarm
from templates.constructs.consumer import add_consumer, gave_up_alarm, late_alarm
from templates.constructs.function import add_function
from templates.constructs.state_machine import start_executions

# A batch becomes one item, so a large one is cheap; Lambda cuts it at 6 MB.
BATCH_RECORDS = 1_000

# Errors make it late. Throttles stand for every function that the account's concurrency is not reserved for.
AGGREGATOR_ALARMS = (
    throttles_alarm(
        "the aggregator",
        "Alerts judge too few points, and correct themselves later; other functions wait as well.",
    ),
    late_alarm(
        120,
        "The aggregator is two minutes behind the stream: alerts are judged on a part of their points, and again "
        "when the rest comes.",
        periods=5,
    ),
)

HEARTBEAT_ALARMS = (
    heartbeat_alarm(
        AGGREGATOR_HEARTBEAT_AGE,
        "No heartbeat of the last ten minutes came through API, stream and aggregator: alerts do not see the points "
        "that clients send now.",
    ),
)

AGGREGATOR_MAPPING_ALARMS = (
    gave_up_alarm(
        "Records were given up unjudged, after the last retry or by their age. They are stored nevertheless; alerts "
        "of those minutes may be wrong. The batch is in the quarantine bucket (aws/lambda/)."
    ),
)

# Errors and throttles end in this too, and harm nothing before: evaluations do the same.
RULE_CHANGES_ALARMS = (
    gave_up_alarm(
        "Changes of rules were given up after the last retry; they are in the quarantine bucket (aws/lambda/). The "
        "next evaluation has ended the alerts in question.",
        warning=True,
    ),
)


def add_window_aggregator(
    template: Template,
    config: Config,
    platform: Platform,
    *,
    source: Stream,
    tables: AlertTables,
    evaluation: StateMachine,
    quarantine: Quarantine,
) -> None:
    """A function that reads `source` in plain batches, writes window aggregates to `tables` and starts `evaluation`."""
    function = add_function(
        template,
        "WindowAggregator",
        handler="handlers.window_aggregator.handler",
        description="Aggregates batches of requests by the windows of the alert rules, and starts their evaluation",
        memory_mb=512,
        timeout_seconds=60,
        environment={
            "PROJECT": config.project,
            "ENVIRONMENT": config.environment,
            "RULES_TABLE": Ref(tables.rules),
            "WINDOWS_TABLE": Ref(tables.windows),
            "STATE_MACHINE_ARN": Ref(evaluation),
            "TICK_SECONDS": str(config.alerts.tick_seconds),
            "GRACE_SECONDS": str(config.alerts.grace_seconds),
            "MAXIMUM_GROUPS": str(config.alerts.maximum_groups),
            **limits_environment(config),
        },
        statements=[
            *source.read(),
            *tables.read_rules(),
            *tables.write_windows(),
            start_executions(evaluation),
            *quarantine.write_failed_batches(),
        ],
        polled=True,
        runtime=platform.runtime,
    )
    add_consumer(
        template,
        "WindowAggregator",
        function,
        source_arn=source.resource.get_att("Arn"),
        batch_records=BATCH_RECORDS,
        window_seconds=config.alerts.window_seconds,
        maximum_retries=config.alerts.maximum_retries,
        maximum_age_seconds=config.alerts.maximum_age_seconds,
        failed_batches_arn=quarantine.bucket.get_att("Arn"),
        function_alarms=AGGREGATOR_ALARMS,
        mapping_alarms=AGGREGATOR_MAPPING_ALARMS,
        runtime=platform.runtime,
    )
    if config.operators.heartbeat:
        own = metric_dimensions(config.project, config.environment)
        platform.runtime.watch(template, "WindowAggregator", HEARTBEAT_ALARMS, NAMESPACE, **own)


def add_rule_changes(
    template: Template, config: Config, platform: Platform, *, tables: AlertTables, quarantine: Quarantine
) -> None:
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
            "ALERTS_TABLE": Ref(tables.alerts),
        },
        statements=[*tables.follow_rules(), *tables.close_alerts(), *quarantine.write_failed_batches()],
        polled=True,
        runtime=platform.runtime,
    )
    add_consumer(
        template,
        "RuleChanges",
        function,
        source_arn=tables.rules.get_att("StreamArn"),
        batch_records=100,
        window_seconds=1,
        maximum_retries=config.alerts.maximum_retries,
        maximum_age_seconds=config.alerts.maximum_age_seconds,
        failed_batches_arn=quarantine.bucket.get_att("Arn"),
        function_alarms=(),
        mapping_alarms=RULE_CHANGES_ALARMS,
        runtime=platform.runtime,
    )
