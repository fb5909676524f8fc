"""Permits for what runs: functions, state machines, schedules."""

from collections.abc import Sequence

from awacs.aws import ArnLike, Condition
from troposphere import Sub, Template
from troposphere.stepfunctions import StateMachine

from templates.components.fleet.permissions.permit import (
    Permit,
    generated_short,
    here,
    owned,
    tagged_first,
    tagged_so,
)
from templates.config import Config


def compute(config: Config, pipeline: Template) -> Sequence[Permit]:
    """The permits, by the names of stacks and of the pipeline's state machines, and by tags."""
    return (*_functions(config), *_machines(config, pipeline))


def _functions(config: Config) -> Sequence[Permit]:
    functions = here("lambda", *generated_short(config, "function:"))
    mappings = here("lambda", "event-source-mapping:*")
    arns = [Sub(f"arn:${{AWS::Partition}}:{function}") for function in functions]
    return (
        Permit(
            "lambda",
            "GetFunction GetFunctionCodeSigningConfig GetFunctionRecursionConfig GetFunctionScalingConfig "
            "GetRuntimeManagementConfig ListTags",
            functions,
        ),
        Permit("lambda", "CreateFunction", functions, tagged_so(config)),
        Permit("lambda", "TagResource", (*functions, *mappings), tagged_first(config)),
        Permit(
            "lambda",
            "DeleteFunction DeleteFunctionConcurrency PutFunctionConcurrency TagResource UntagResource "
            "UpdateFunctionCode UpdateFunctionConfiguration",
            functions,
            owned(config),
        ),
        # Of remote write and of receivers with a function; they stay when these go, as the role is changed first.
        Permit("lambda", "GetFunctionUrlConfig GetPolicy", functions),
        Permit(
            "lambda",
            "AddPermission CreateFunctionUrlConfig DeleteFunctionUrlConfig RemovePermission UpdateFunctionUrlConfig",
            functions,
            owned(config),
        ),
        # A mapping's ARN is a UUID, known only once it is made.
        Permit(
            "lambda",
            "CreateEventSourceMapping",
            ("*",),
            Condition(ArnLike({"lambda:FunctionArn": arns})),
        ),
        Permit("lambda", "GetEventSourceMapping ListTags", mappings),
        Permit(
            "lambda",
            "DeleteEventSourceMapping TagResource UntagResource UpdateEventSourceMapping",
            mappings,
            owned(config),
        ),
    )


def _machines(config: Config, pipeline: Template) -> Sequence[Permit]:
    # CloudFormation's names of state machines begin with the logical id.
    titles = sorted(part.title for part in pipeline.resources.values() if isinstance(part, StateMachine))
    machines = here("states", *(f"stateMachine:{title}*" for title in titles))
    groups = here("scheduler", *generated_short(config, "schedule-group/"))
    return (
        Permit("states", "DescribeStateMachine ListTagsForResource", machines),
        Permit("states", "CreateStateMachine", machines, tagged_so(config)),
        Permit("states", "TagResource", machines, tagged_first(config)),
        Permit(
            "states",
            "DeleteStateMachine TagResource UntagResource UpdateStateMachine",
            machines,
            owned(config),
        ),
        Permit("scheduler", "GetScheduleGroup ListTagsForResource", groups),
        Permit("scheduler", "CreateScheduleGroup", groups, tagged_so(config)),
        Permit("scheduler", "TagResource", groups, tagged_first(config)),
        Permit("scheduler", "DeleteScheduleGroup TagResource UntagResource", groups, owned(config)),
        # A schedule has no tags.
        Permit(
            "scheduler",
            "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
            here("scheduler", *generated_short(config, "schedule/")),
        ),
    )
