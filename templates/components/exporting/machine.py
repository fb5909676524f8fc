"""The metric export: the state machine that writes the metric store's whole hours to the export store, each hour."""

from awacs import awslambda, dynamodb
from troposphere import Ref, Template
from troposphere.awslambda import Function

from handlers.vocabulary import LAKE, NAMESPACE, metric_dimensions
from templates.components.exporting.hours import ExportHours
from templates.components.exporting.store import ExportStore
from templates.components.platform import Platform
from templates.components.store import Store
from templates.config import Config
from templates.constructs.alarms import Alarm, first_alarm
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.state_machine import SCHEDULED_TIME, add_schedule, add_state_machine

DEFINITION = "metric_export.asl.json"
_HOUR = 3600

# A step's errors and throttles are tried again, and what does not heal fails its hour or the execution.
EXECUTION_ALARMS = tuple(
    first_alarm(
        f"Executions{ended}",
        f"Executions{ended}",
        f"An execution {how}. What it left undone stays due for the next hourly run, which will end alike "
        "until its cause is mended: see its history.",
        warning=True,
    )
    for ended, how in (
        ("Failed", "failed as a whole, before its hours could be chosen or after"),
        ("TimedOut", "took longer than six hours"),
    )
)

MISSING_ALARM = Alarm(
    "Missing",
    "ExecutionsStarted",
    "Sum",
    1,
    "No export started for three hours, so nothing else tells how exports go: the schedule is off or gone, or "
    "Scheduler may not start the state machine.",
    period_s=_HOUR,
    missing_breaches=True,
    below=True,
    warning=True,
)

EXPORT_ALARMS = (
    first_alarm(
        "HoursFailed",
        "HoursFailed",
        "An hour could not be exported; the message to this topic says which and why. Readers see the last whole "
        "export of it, and the next run tries again.",
        statistic="Maximum",
    ),
    Alarm(
        "Lag",
        "ExportLag",
        "Minimum",
        3 * _HOUR,
        "The newest hour that readers have whole ended three hours ago, so two runs in a row exported nothing new: "
        "look at the failed executions and hours.",
        period_s=_HOUR,
    ),
)

NOT_STARTED_ALARM = first_alarm(
    "NotStarted",
    "InvocationDroppedCount",
    "Scheduler could not start the export within most of an hour. The next start makes up for its hours, unless "
    "the role or the state machine is broken.",
    period_s=_HOUR,
    warning=True,
)


def add_metric_export(
    template: Template,
    config: Config,
    platform: Platform,
    *,
    source: Store,
    sink: ExportStore,
    hours: ExportHours,
) -> None:
    """Everything from `source` to files in `sink` that Athena reads; `hours` says which are due.

    That is four functions, one per set of permissions, the machine that calls them, and its hourly start.
    """
    functions = _add_functions(template, config, platform, source=source, sink=sink, hours=hours)
    machine = add_state_machine(
        template,
        "MetricExport",
        definition=DEFINITION,
        kind="STANDARD",
        tokens={
            **{f"{name}Arn": function.get_att("Arn") for name, function in functions.items()},
            "OperatorTopicArn": Ref(platform.operators.resource),
        },
        statements=[
            allow(
                [awslambda.InvokeFunction],
                [function.get_att("Arn") for function in functions.values()],
                Sid="Invoke",
            ),
            *platform.operators.publish("NotifyOperators"),
        ],
        alarms=(*EXECUTION_ALARMS, *([MISSING_ALARM] if config.export.enabled else [])),
        runtime=platform.runtime,
    )
    add_schedule(
        template,
        "MetricExport",
        expression=f"cron({config.export.lag_minutes % 60} * * * ? *)",
        target=machine,
        payload={"scheduled_time": SCHEDULED_TIME},
        # Later than this the next start does the same.
        maximum_age_seconds=3000,
        not_started=NOT_STARTED_ALARM,
        runtime=platform.runtime,
        enabled=config.export.enabled,
    )
    own = metric_dimensions(config.project, config.environment)
    platform.runtime.watch(template, "MetricExport", EXPORT_ALARMS, NAMESPACE, **own)
    add_outputs(template, ("MetricExportArn", Ref(machine), "The state machine that exports hours"))


def _add_functions(
    template: Template,
    config: Config,
    platform: Platform,
    *,
    source: Store,
    sink: ExportStore,
    hours: ExportHours,
) -> dict[str, Function]:
    ledger = {"EXPORT_HOURS_TABLE": Ref(hours.table)}
    lag = {"EXPORT_LAG_MINUTES": str(config.export.lag_minutes)}
    files = {"EXPORT_BUCKET": Ref(sink.bucket)}
    kept = {"RETENTION_DAYS": str(config.store.days_kept)}
    published = {"GLUE_DATABASE": Ref(sink.catalog.database)}
    is_lake = config.store.kind == LAKE
    specifications = {
        "Planner": (
            "Chooses the hours to export, enters failures, and says how it went",
            60,
            {
                **ledger,
                **lag,
                "PROJECT": config.project,
                "ENVIRONMENT": config.environment,
                **kept,
            },
            [*hours.change(dynamodb.BatchGetItem, dynamodb.GetItem), hours.find_due()],
        ),
        "Unloader": (
            "Claims an hour, starts its UNLOADs and follows them to their end",
            # Two questions, or two starts, or two looks, each of which may take Timestream a minute.
            180,
            {
                **ledger,
                **files,
                **source.query_environment,
                # Timestream encrypts what it writes with the key that it is told, Athena as the bucket says.
                **({} if is_lake else {"KEY_ARN": platform.key.arn}),
            },
            [*hours.change(dynamodb.GetItem), *source.unload_points(), *sink.write()],
        ),
        "Publisher": (
            "Verifies an hour's files and points readers at them",
            120,
            {**ledger, **lag, **files, **published, **source.show_environment},
            [*hours.change(dynamodb.BatchGetItem), *sink.publish(), *source.show_dimensions()],
        ),
        "Tidier": (
            "Deletes the files of replaced exports a day later",
            300,
            {**ledger, **files, **published, **({"STORE_KIND": LAKE, **lag, **kept} if is_lake else {})},
            [
                *hours.change(*([dynamodb.BatchGetItem] if is_lake else []), dynamodb.GetItem),
                hours.find_due(),
                *sink.tidy(),
            ],
        ),
    }
    return {
        name: add_function(
            template,
            f"MetricExport{name}",
            handler=f"handlers.metric_export_{name.lower()}.handler",
            description=description,
            memory_mb=256,
            timeout_seconds=timeout,
            environment=environment,
            statements=statements,
            runtime=platform.runtime,
        )
        for name, (description, timeout, environment, statements) in specifications.items()
    }
