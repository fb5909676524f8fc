"""The metric export: each hour, the state machine that writes the store's whole hours to the export store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from awacs import awslambda
from awacs.aws import Statement
from troposphere import Ref, Template

from handlers.vocabulary import METRIC_DIMENSION, NAMESPACE
from templates.components.export_store import ExportStore
from templates.components.key import Key
from templates.components.metric_store import MetricStore
from templates.components.operators import Operators
from templates.config import Config
from templates.constructs.alarms import Alarm, add_alarms
from templates.constructs.function import Bundle, Function, add_function
from templates.constructs.policy import allow
from templates.constructs.schedule import SCHEDULED_TIME, add_schedule
from templates.constructs.state_machine import StateMachine, add_state_machine

DEFINITION = "metric_export.asl.json"
_HOUR = 3600

FUNCTION_ALARMS = (
    Alarm(
        "Errors",
        "Errors",
        "Sum",
        10,
        "More invocations fail within an hour than the retries of a few hours' exports: a defect or a missing "
        "permission. The execution's history names it.",
        period=_HOUR,
    ),
    Alarm(
        "Throttles",
        "Throttles",
        "Sum",
        10,
        "Lambda has no room for the exports: the account's concurrency is used up. A few throttles are retried, so "
        "it takes ten within an hour.",
        period=_HOUR,
    ),
)

EXECUTION_ALARMS = tuple(
    Alarm(
        f"Executions{ended}",
        f"Executions{ended}",
        "Sum",
        1,
        f"An execution {how}. What it left undone stays due for the next hourly run, which will end alike if "
        "nobody looks: see its history.",
        period=300,
    )
    for ended, how in (
        ("Failed", "failed as a whole, before its hours could be chosen or after"),
        ("TimedOut", "took longer than six hours"),
        ("Aborted", "was stopped by somebody"),
    )
)

EXPORT_ALARMS = (
    Alarm(
        "HoursFailed",
        "HoursFailed",
        "Maximum",
        1,
        "An hour could not be exported; the message to this topic says which and why. Readers see the last whole "
        "export of it, and the next run tries again.",
        period=300,
    ),
    Alarm(
        "Lag",
        "ExportLag",
        "Minimum",
        3 * _HOUR,
        "The newest hour that readers have whole ended three hours ago, so two runs in a row exported nothing new: "
        "look at the failed executions and hours.",
        period=_HOUR,
    ),
)

SCHEDULE_ALARMS = (
    Alarm(
        "NotStarted",
        "InvocationDroppedCount",
        "Sum",
        1,
        "Scheduler could not start the export within most of an hour. The next start makes up for its hours, unless "
        "the role or the state machine is broken.",
        period=_HOUR,
    ),
)


@dataclass(frozen=True)
class MetricExport:
    """The state machine that exports hours."""

    machine: StateMachine


def add_metric_export(
    template: Template,
    config: Config,
    *,
    source: MetricStore,
    sink: ExportStore,
    bundle: Bundle,
    key: Key,
    alarms_to: Operators,
) -> MetricExport:
    """Four functions, one per set of permissions, the machine that calls them, and its hourly start."""
    functions = _add_functions(template, config, source=source, sink=sink, bundle=bundle, key=key)
    machine = add_state_machine(
        template,
        "MetricExport",
        definition=DEFINITION,
        kind="STANDARD",
        tokens={
            **{f"{name}Arn": function.resource.get_att("Arn") for name, function in functions.items()},
            "OperatorTopicArn": alarms_to.arn,
        },
        statements=[_invoke(functions), *alarms_to.publish()],
        key_arn=key.arn,
        logs_config=config.logs,
    )
    group = add_schedule(
        template,
        "MetricExport",
        expression=f"cron({config.export.lag_minutes % 60} * * * ? *)",
        starts=machine,
        payload={"scheduled_time": SCHEDULED_TIME},
        # Later than this the next start does the same.
        maximum_age_seconds=3000,
        enabled=config.export.enabled,
    )
    tables: list[tuple[str, str, Mapping[str, Any], tuple[Alarm, ...]]] = [
        (f"MetricExport{name}", "AWS/Lambda", {"FunctionName": function.name}, FUNCTION_ALARMS)
        for name, function in functions.items()
    ]
    tables += [
        ("MetricExport", "AWS/States", {"StateMachineArn": machine.arn}, EXECUTION_ALARMS),
        ("MetricExport", NAMESPACE, {METRIC_DIMENSION: config.environment}, EXPORT_ALARMS),
        ("MetricExport", "AWS/Scheduler", {"ScheduleGroup": Ref(group)}, SCHEDULE_ALARMS),
    ]
    for component, namespace, dimensions, alarms in tables:
        add_alarms(
            template,
            component,
            alarms,
            namespace=namespace,
            dimensions=dimensions,
            notify=alarms_to.actions,
        )
    return MetricExport(machine)


def _invoke(functions: Mapping[str, Function]) -> Statement:
    arns = [function.resource.get_att("Arn") for function in functions.values()]
    return allow([awslambda.InvokeFunction], arns, Sid="Invoke")


def _add_functions(
    template: Template, config: Config, *, source: MetricStore, sink: ExportStore, bundle: Bundle, key: Key
) -> dict[str, Function]:
    hours = {"EXPORT_HOURS_TABLE": sink.hours_name}
    lag = {"EXPORT_LAG_MINUTES": str(config.export.lag_minutes)}
    files = {"EXPORT_BUCKET": sink.bucket_name}
    published = {"GLUE_DATABASE": sink.database_name}
    specifications = {
        "Planner": (
            "Chooses the hours to export, enters failures, and says how it went",
            60,
            {
                **hours,
                **lag,
                "PROJECT": config.project,
                "ENVIRONMENT": config.environment,
                "MAGNETIC_RETENTION_DAYS": str(config.store.magnetic_days),
            },
            sink.keep_ledger(),
        ),
        "Unloader": (
            "Claims an hour, starts its UNLOADs and follows them to their end",
            # Two questions, or two starts, or two looks, each of which may take Timestream a minute.
            180,
            {
                **hours,
                **files,
                "DATABASE_NAME": source.database_name,
                "TABLE_NAME": source.table_name,
                "KEY_ARN": key.arn,
            },
            [*sink.keep_ledger(), *source.unload(), *sink.write()],
        ),
        "Publisher": (
            "Verifies an hour's files and points readers at them",
            120,
            {**hours, **lag, **files, **published},
            [*sink.keep_ledger(), *sink.publish()],
        ),
        "Tidier": (
            "Deletes the files of replaced exports a day later",
            300,
            {**hours, **files, **published},
            [*sink.keep_ledger(), *sink.tidy()],
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
            bundle=bundle,
            key_arn=key.arn,
            logs_config=config.logs,
        )
        for name, (description, timeout, environment, statements) in specifications.items()
    }
