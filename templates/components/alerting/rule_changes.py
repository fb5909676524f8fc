"""Rule changes: the function that resolves the alerts of rules that were changed or deleted."""

from troposphere import Ref, Template

from templates.components.alerting.tables import AlertTables
from templates.components.platform import Platform
from templates.components.quarantine import Quarantine
from templates.config import Config
from templates.constructs.consumer import add_consumer, gave_up_alarm
from templates.constructs.function import add_function

# Errors and throttles end in this too, and harm nothing before: evaluations do the same.
MAPPING_ALARMS = (
    gave_up_alarm(
        "Changes of rules were given up after the last retry; they are in the quarantine bucket (aws/lambda/). The "
        "next evaluation has ended the alerts in question."
    ),
)


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
            "TICK_SECONDS": str(config.alerts.tick_seconds),
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
        mapping_alarms=MAPPING_ALARMS,
        runtime=platform.runtime,
    )
