"""Permits for what runs: API, functions, state machines, schedules, and the roles they run in."""

from collections.abc import Sequence

from awacs.aws import Condition, StringEquals
from troposphere import Sub, Template
from troposphere.stepfunctions import StateMachine

from templates.components.fleet.permissions.permit import Permit, generated, here
from templates.config import Config
from templates.names import ROLE_PATH

# The services that stacks hand a role to.
_PASSED_TO = ("apigateway", "lambda", "scheduler", "states", "vpc-flow-logs")


def compute(config: Config, pipeline: Template) -> Sequence[Permit]:
    """The permits, by the names of stacks and of the pipeline's state machines."""
    roles = f"iam::${{AWS::AccountId}}:role{config.name(ROLE_PATH)}*"
    passed_to = [Sub(f"{service}.${{AWS::URLSuffix}}") for service in _PASSED_TO]
    stack_names = generated(config)
    # CloudFormation's names of state machines begin with the logical id.
    machines = sorted(part.title for part in pipeline.resources.values() if isinstance(part, StateMachine))
    return (
        Permit(
            "apigateway",
            "DELETE GET PATCH POST PUT",
            (
                "apigateway:*::/account",
                "apigateway:*::/restapis",
                "apigateway:*::/restapis/*",
                "apigateway:*::/tags/*",
            ),
        ),
        Permit("apigateway", "UpdateRestApiPolicy", ("apigateway:*::/restapis", "apigateway:*::/restapis/*")),
        Permit(
            "lambda",
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction GetFunctionCodeSigningConfig "
            "GetFunctionRecursionConfig GetFunctionScalingConfig GetRuntimeManagementConfig ListTags "
            "PutFunctionConcurrency TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
            (here("lambda", f"function:{stack_names}"),),
        ),
        # A mapping's ARN is a UUID, known only once it is made.
        Permit(
            "lambda",
            "CreateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping",
            ("*",),
        ),
        Permit("lambda", "ListTags TagResource UntagResource", (here("lambda", "event-source-mapping:*"),)),
        Permit(
            "states",
            "CreateStateMachine DeleteStateMachine DescribeStateMachine ListTagsForResource TagResource "
            "UntagResource UpdateStateMachine",
            tuple(here("states", f"stateMachine:{title}*") for title in machines),
        ),
        Permit(
            "scheduler",
            "CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup GetSchedule GetScheduleGroup "
            "ListTagsForResource TagResource UntagResource UpdateSchedule",
            (
                here("scheduler", f"schedule-group/{stack_names}"),
                here("scheduler", f"schedule/{stack_names}"),
            ),
        ),
        Permit(
            "iam",
            "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy "
            "ListAttachedRolePolicies ListRolePolicies PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy "
            "UpdateRole UpdateRoleDescription",
            (roles,),
        ),
        Permit("iam", "PassRole", (roles,), Condition(StringEquals({"iam:PassedToService": passed_to}))),
        # An account's first API makes API Gateway's own role.
        Permit(
            "iam",
            "CreateServiceLinkedRole",
            ("iam::${AWS::AccountId}:role/aws-service-role/ops.apigateway.${AWS::URLSuffix}/*",),
        ),
    )
