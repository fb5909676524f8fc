"""The permissions of the execution role: the calls that CloudFormation makes for the stacks' resources, and no other.

CloudFormation's own schemas say which these are, and a test compares.
"""

from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import Template

from templates.components.fleet.permissions.compute import compute
from templates.components.fleet.permissions.data import data
from templates.components.fleet.permissions.network import NETWORK
from templates.components.fleet.permissions.permit import Permit, here
from templates.components.fleet.permissions.watch import watch
from templates.config import Config
from templates.names import ARTIFACTS_BUCKET, ARTIFACTS_STACK_SET, REGIONAL_STACK_SET


def permissions(config: Config, pipeline: Template) -> dict[str, list[Statement]]:
    """The statements of each of the role's policies by its logical id; `pipeline` is the regional stack."""
    policies: dict[str, Sequence[Permit]] = {
        "ExecutionStacksPolicy": _stacks(config),
        "ExecutionDataPolicy": data(config),
        "ExecutionComputePolicy": compute(config, pipeline),
        "ExecutionWatchPolicy": watch(config),
    }
    if config.network.private:
        policies["ExecutionNetworkPolicy"] = NETWORK
    return {name: [permit.statement() for permit in permits] for name, permits in policies.items()}


def _stacks(config: Config) -> Sequence[Permit]:
    """The stack instances themselves, and what they are made from."""
    sets = (config.name(ARTIFACTS_STACK_SET), config.name(REGIONAL_STACK_SET))
    return (
        Permit(
            "cloudformation",
            "CancelUpdateStack ContinueUpdateRollback CreateStack DeleteStack DescribeStackEvents "
            "DescribeStackResource DescribeStackResources DescribeStacks DetectStackDrift "
            "DetectStackResourceDrift GetStackPolicy GetTemplate ListStackResources SetStackPolicy TagResource "
            "UntagResource UpdateStack UpdateTerminationProtection",
            tuple(here("cloudformation", f"stack/StackSet-{name}-*/*") for name in sets),
        ),
        Permit(
            "cloudformation",
            "DescribeStackDriftDetectionStatus EstimateTemplateCost GetTemplateSummary ValidateTemplate",
            ("*",),
        ),
        Permit("s3", "GetObject GetObjectVersion", (f"s3:::{config.name(ARTIFACTS_BUCKET, region='*')}/*",)),
    )
