"""The alert evaluation: a state machine, the function of its steps, and the schedule of its sweep."""

from awacs import awslambda
from troposphere import Ref, Template
from troposphere.stepfunctions import StateMachine

from handlers.vocabulary import NAMESPACE, metric_dimensions
from templates.components.alerting.tables import AlertTables
from templates.components.platform import Platform
from templates.components.platform.topic import Topic
from templates.config import Config
from templates.constructs.alarms import Alarm, first_alarm
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.state_machine import add_schedule, add_state_machine

# The function's errors and throttles are tried again, and what does not heal fails its execution.
MACHINE_ALARMS = (
    first_alarm(
        "Failed",
        "ExecutionsFailed",
        "An evaluation failed for good after its retries: alerts of a minute were not judged, or a notification was "
        "not sent (NotNotified). The next ones try again; the execution's log says what failed.",
        period_s=60,
    ),
    first_alarm(
        "TimedOut",
        "ExecutionsTimedOut",
        "An evaluation did not end within five minutes: there are more rules and groups than one minute can judge, "
        "or DynamoDB is very slow.",
        period_s=60,
    ),
)

RULE_ALARMS = (
    first_alarm(
        "OverCap",
        "AlertRulesOverCap",
        "A rule has more groups than alerts.maximum_groups: those beyond are not judged. The evaluator's log names "
        "the rule; give it a narrower `match` or a coarser `by`.",
        statistic="Maximum",
    ),
    first_alarm(
        "UnreadableRules",
        "AlertRulesUnreadable",
        "An item of the rules table is no rule, and judges nothing. It was not written by `ops rules apply`, which "
        "refuses such a rule and says what is wrong with it.",
        statistic="Maximum",
        warning=True,
    ),
)

NOT_STARTED_ALARM = Alarm(
    "NotStarted",
    "InvocationDroppedCount",
    "Sum",
    1,
    "Scheduler could not start a sweep within its minute. Batches start evaluations all the same, but missing data "
    "is noticed by sweeps only, so it matters when it lasts.",
    periods=5,
    datapoints=3,
)


def add_alert_evaluation(
    template: Template, config: Config, platform: Platform, *, tables: AlertTables, topic: Topic
) -> StateMachine:
    """The machine reads and writes `tables`, publishes to `topic`, and sweeps each minute."""
    function = add_function(
        template,
        "AlertEvaluator",
        handler="handlers.alert_evaluator.handler",
        description="Judges the alert rules and keeps the alerts: the steps of the alert evaluation",
        # More memory is more processor: 1,024 MB are 0.58 of a core, with which a chunk of hourly rules takes a third
        # of the time that the function has, and what it costs more is its share of waiting for tables.
        memory_mb=config.alerts.evaluator_memory_mb,
        timeout_seconds=60,
        environment={
            "PROJECT": config.project,
            "ENVIRONMENT": config.environment,
            "RULES_TABLE": Ref(tables.rules),
            "WINDOWS_TABLE": Ref(tables.windows),
            "ALERTS_TABLE": Ref(tables.alerts),
            "SILENCES_TABLE": Ref(tables.silences),
            "TICK_SECONDS": str(config.alerts.tick_seconds),
            "GRACE_SECONDS": str(config.alerts.grace_seconds),
            "MAXIMUM_GROUPS": str(config.alerts.maximum_groups),
        },
        statements=[
            *tables.read_rules(),
            *tables.read_silences(),
            *tables.read_windows(),
            *tables.read_write_alerts(),
        ],
        runtime=platform.runtime,
    )
    machine = add_state_machine(
        template,
        "AlertEvaluation",
        definition="alert_evaluation.asl.json",
        kind="EXPRESS",
        tokens={
            "AlertEvaluatorArn": function.get_att("Arn"),
            "AlertsTableName": Ref(tables.alerts),
            "AlertTopicArn": Ref(topic.resource),
        },
        statements=[
            allow([awslambda.InvokeFunction], [function.get_att("Arn")], Sid="RunSteps"),
            *tables.confirm_notifications(),
            *topic.publish("PublishAlerts"),
        ],
        alarms=MACHINE_ALARMS,
        runtime=platform.runtime,
    )
    add_schedule(
        template,
        "AlertEvaluation",
        # At each full minute, which is the end of a tick.
        expression="cron(* * * * ? *)",
        target=machine,
        payload={"source": "sweep"},
        # Later than this the next start does the same.
        maximum_age_seconds=60,
        not_started=NOT_STARTED_ALARM,
        runtime=platform.runtime,
    )
    own = metric_dimensions(config.project, config.environment)
    platform.runtime.watch(template, "AlertEvaluation", RULE_ALARMS, NAMESPACE, **own)
    add_outputs(template, ("AlertEvaluationArn", Ref(machine), "The state machine that evaluates alerts"))
    return machine
