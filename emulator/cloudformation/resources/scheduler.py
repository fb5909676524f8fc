"""EventBridge Scheduler's schedules and groups; moto keeps them, and the local run's ticker reads them to fire."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created

_SCHEDULE = (
    "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression",
    "ScheduleExpressionTimezone", "StartDate", "State", "Target",
)  # fmt: skip


def _schedule(context: Context, properties: Properties) -> Created:
    name = properties.text("Name", context.name(properties.logical_id, longest=64))
    arn = context.client("scheduler").create_schedule(Name=name, **properties.subset(*_SCHEDULE))[
        "ScheduleArn"
    ]
    return Created(name, {"Arn": arn})


def _schedule_group(context: Context, properties: Properties) -> Created:
    name = properties.text("Name", context.name(properties.logical_id, longest=64))
    arn = context.client("scheduler").create_schedule_group(Name=name, Tags=properties.get("Tags", []))[
        "ScheduleGroupArn"
    ]
    return Created(name, {"Arn": arn})


HANDLERS = {"AWS::Scheduler::Schedule": _schedule, "AWS::Scheduler::ScheduleGroup": _schedule_group}
