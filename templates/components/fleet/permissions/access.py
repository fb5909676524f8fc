"""Permits for who may do what: the API that clients call, and the roles in which everything runs."""

from collections.abc import Sequence

from awacs.aws import ArnEquals, Condition, StringEquals
from troposphere import Sub

from templates.components.fleet.permissions.permit import Permit, owned, tagged_so
from templates.config import Config
from templates.names import ROLE_PATH

# The services that stacks hand a role to.
_PASSED_TO = ("apigateway", "lambda", "scheduler", "states", "vpc-flow-logs")
# The only managed policy that a role of the templates has.
_ATTACHED = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


def access(config: Config) -> Sequence[Permit]:
    """The permits, by the API's tags and the roles' path."""
    return (*_api(config), *_roles(config))


def _api(config: Config) -> Sequence[Permit]:
    """An API's ARN is an id; what it consists of has its tags for this purpose.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    """
    account, apis, parts, tags = (
        f"apigateway:*::/{place}" for place in ("account", "restapis", "restapis/*", "tags/*")
    )
    return (
        Permit("apigateway", "GET", (account, apis, parts, tags)),
        Permit("apigateway", "PATCH", (account,)),
        Permit("apigateway", "POST", (apis,), tagged_so(config)),
        Permit("apigateway", "DELETE PATCH POST PUT UpdateRestApiPolicy", (parts,), owned(config)),
        Permit("apigateway", "UpdateRestApiPolicy", (apis,)),
        Permit("apigateway", "DELETE PUT", (tags,)),
    )


def _roles(config: Config) -> Sequence[Permit]:
    roles = (f"iam::${{AWS::AccountId}}:role{config.name(ROLE_PATH)}*",)
    passed_to = [Sub(f"{service}.${{AWS::URLSuffix}}") for service in _PASSED_TO]
    return (
        Permit(
            "iam",
            "CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListRolePolicies PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
            "UpdateRoleDescription",
            roles,
        ),
        Permit(
            "iam",
            "AttachRolePolicy DetachRolePolicy",
            roles,
            Condition(ArnEquals({"iam:PolicyARN": Sub(_ATTACHED)})),
        ),
        Permit("iam", "PassRole", roles, Condition(StringEquals({"iam:PassedToService": passed_to}))),
        # An account's first API makes API Gateway's own role.
        Permit(
            "iam",
            "CreateServiceLinkedRole",
            ("iam::${AWS::AccountId}:role/aws-service-role/ops.apigateway.${AWS::URLSuffix}/*",),
        ),
    )
