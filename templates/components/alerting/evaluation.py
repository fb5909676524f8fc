"""The alert evaluation: a state machine, the function of its steps, and the schedule of its sweep."""

from awacs import awslambda
from troposphere import Ref, Template

from handlers.vocabulary import NAMESPACE, metric_dimensions
from templates.components.alerting.tables import AlertTables
from templates.components.alerting.topic import AlertTopic
from templates.components.platform import Platform
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.schedule import add_schedule
from templates.constructs.state_machine import StateMachine, add_state_machine

# The function's errors and throttles are tried again, and what does not heal fails its execution.
MACHINE_ALARMS = (
    Alarm(
        "Failed",
        "ExecutionsFailed",
        "Sum",
        1,
        "An evaluation failed for good after its retries: alerts of a minute were not judged, or a notification was "
        "not sent. A sweep tries again within seven minutes; the execution's log says what failed.",
    ),
    Alarm(
        "TimedOut",
        "ExecutionsTimedOut",
        "Sum",
        1,
        "An evaluation did not end within five minutes: there are more rules and groups than one minute can judge, "
        "or DynamoDB is very slow.",
    ),
)

RULE_ALARMS = (
    Alarm(
        "OverCap",
        "AlertRulesOverCap",
        "Maximum",
        1,
        "A rule has more groups than alerts.maximum_groups: those beyond are not judged. The evaluator's log names "
        "the rule; give it a narrower `match` or a coarser `by`.",
        period_s=300,
    ),
    Alarm(
        "UnreadableRules",
        "AlertRulesUnreadable",
        "Maximum",
        1,
        "An item of the rules table is no rule, and judges nothing. It was not written by `ops rules apply`, which "
        "refuses such a rule and says what is wrong with it.",
        period_s=300,
    ),
)

SCHEDULE_ALARMS = (
    Alarm(
        "NotStarted",
        "InvocationDroppedCount",
        "Sum",
        1,
        "Scheduler could not start a sweep within its minute. Batches start evaluations all the same, but missing data "
        "is noticed by sweeps only, so it matters when it lasts.",
        periods=5,
        datapoints=3,
    ),
)


def add_alert_evaluation(
    template: Template, config: Config, platform: Platform, *, tables: AlertTables, topic: AlertTopic
) -> StateMachine:
    """The machine reads and writes `tables`, publishes to `topic`, and sweeps each minute."""
    function = add_function(
        template,
        "AlertEvaluator",
        handler="handlers.alert_evaluator.handler",
        description="Judges the alert rules and keeps the alerts: the steps of the alert evaluation",
        # With 512 MB a tick of 10,000 groups takes seconds; more memory is more processor.
        memory_mb=512,
        timeout_seconds=60,
        environment={
            "PROJECT": config.project,
            "ENVIRONMENT": config.environment,
            "RULES_TABLE": tables.rules_name,
            "WINDOWS_TABLE": tables.windows_name,
            "ALERTS_TABLE": tables.alerts_name,
            "TICK_SECONDS": str(config.alerts.tick_seconds),
            "GRACE_SECONDS": str(config.alerts.grace_seconds),
            "MAXIMUM_GROUPS": str(config.alerts.maximum_groups),
        },
        statements=[*tables.read_rules(), *tables.read_windows(), *tables.read_write_alerts()],
        runtime=platform.runtime,
    )
    machine = add_state_machine(
        template,
        "AlertEvaluation",
        definition="alert_evaluation.asl.json",
        kind="EXPRESS",
        tokens={
            "AlertEvaluatorArn": function.arn,
            "AlertsTableName": tables.alerts_name,
            "AlertTopicArn": topic.arn,
        },
        statements=[
            allow([awslambda.InvokeFunction], [function.arn], Sid="RunSteps"),
            *tables.confirm_notifications(),
            *topic.publish(),
        ],
        runtime=platform.runtime,
    )
    group = add_schedule(
        template,
        "AlertEvaluation",
        # At each full minute, which is the end of a tick.
        expression="cron(* * * * ? *)",
        target=machine,
        payload={"source": "sweep"},
        # Later than this the next start does the same.
        maximum_age_seconds=60,
    )
    for namespace, dimensions, alarms in (
        ("AWS/States", {"StateMachineArn": machine.arn}, MACHINE_ALARMS),
        (NAMESPACE, metric_dimensions(config.project, config.environment), RULE_ALARMS),
        ("AWS/Scheduler", {"ScheduleGroup": Ref(group)}, SCHEDULE_ALARMS),
    ):
        add_alarms(
            template,
            "AlertEvaluation",
            alarms,
            namespace=namespace,
            dimensions=dimensions,
            notify=platform.operators.actions,
        )
    add_outputs(template, ("AlertEvaluationArn", machine.arn, "The state machine that evaluates alerts"))
    return machine
