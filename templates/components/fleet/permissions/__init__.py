"""The permissions of the execution role: the calls that CloudFormation makes for the stacks' resources, and no other.

CloudFormation's own schemas say which these are, and a test compares. docs/fleet.md has what else the role could reach.
"""

from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import Template

from templates.components.fleet.permissions.access import access
from templates.components.fleet.permissions.compute import compute
from templates.components.fleet.permissions.data import data
from templates.components.fleet.permissions.network import network
from templates.components.fleet.permissions.permit import Permit, here
from templates.components.fleet.permissions.watch import watch
from templates.config import Config
from templates.names import (
    ARTIFACTS_BUCKET,
    ARTIFACTS_STACK,
    ARTIFACTS_STACK_SET,
    REGIONAL_STACK,
    REGIONAL_STACK_SET,
)


def permissions(config: Config, pipeline: Template) -> dict[str, list[Statement]]:
    """The statements of each of the role's policies by its logical id; `pipeline` is the regional stack."""
    policies: dict[str, Sequence[Permit]] = {
        "ExecutionStacksPolicy": _stacks(config),
        "ExecutionDataPolicy": data(config),
        "ExecutionAccessPolicy": access(config),
        "ExecutionComputePolicy": compute(config, pipeline),
        "ExecutionWatchPolicy": watch(config),
        "ExecutionNetworkPolicy": network(config),
    }
    return {name: [permit.statement() for permit in permits] for name, permits in policies.items()}


def _stacks(config: Config) -> Sequence[Permit]:
    """The stack instances themselves, those imported under a name of their own, and what they are made from."""
    instances = [
        f"stack/StackSet-{config.name(one)}-*/*" for one in (ARTIFACTS_STACK_SET, REGIONAL_STACK_SET)
    ]
    imported = [f"stack/{config.name(one)}/*" for one in (ARTIFACTS_STACK, REGIONAL_STACK)]
    return (
        Permit(
            "cloudformation",
            "CancelUpdateStack ContinueUpdateRollback CreateStack DeleteStack DescribeStackEvents "
            "DescribeStackResource DescribeStackResources DescribeStacks DetectStackDrift "
            "DetectStackResourceDrift GetStackPolicy GetTemplate ListStackResources SetStackPolicy TagResource "
            "UntagResource UpdateStack UpdateTerminationProtection",
            here("cloudformation", *instances, *imported),
        ),
        Permit(
            "cloudformation",
            "DescribeStackDriftDetectionStatus EstimateTemplateCost GetTemplateSummary ValidateTemplate",
            ("*",),
        ),
        Permit("s3", "GetObject GetObjectVersion", (f"s3:::{config.name(ARTIFACTS_BUCKET, region='*')}/*",)),
    )
