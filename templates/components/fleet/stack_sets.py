"""The StackSets: artifacts with their template inline, the pipeline by the URL of its template."""

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, GetAtt, If, Not, NoValue, Parameter, Ref, Tags, Template
from troposphere.cloudformation import (
    DeploymentTargets,
    ManagedExecution,
    OperationPreferences,
    StackInstances,
    StackSet,
)
from troposphere.cloudformation import Parameter as StackSetParameter

from templates.components.fleet.roles import FleetRoles
from templates.config import Config
from templates.constructs.ownership import project_tags
from templates.names import ARTIFACTS_STACK_SET, PIPELINE_STACK_SET, REGIONAL_STACK_SET
from templates.parameters import CODE_BUCKET, CODE_KEY, OWN_BUCKET, REGIONS_CHANGE, TEMPLATE_URL

ARTIFACTS = "ArtifactsStackSet"
HAS_TEMPLATE = "RegionalTemplateIsGiven"
IN_ORDER = "RegionsStay"
_BUNDLE = (
    (
        TEMPLATE_URL,
        "Template of the regional stacks",
        "Where the home region has it, with its content's hash in the key; empty until code is uploaded",
        "|https://[a-z0-9.-]+/[A-Za-z0-9!_.*'()/-]{1,1024}",
    ),
    (
        CODE_KEY,
        "Code bundle",
        "Key of the code in every region's artifacts bucket, with the hash of its content",
        "|[A-Za-z0-9!_.*'()/-]{1,1024}",
    ),
)
_CHANGE = (
    REGIONS_CHANGE,
    "Regions change",
    "yes if a StackSet that has regions gets others or loses some: its operations then have no order",
    "yes|no",
    "no",
)


@dataclass(frozen=True)
class FleetStackSets:
    """The StackSets of code buckets and of pipelines; the second is there under the condition HAS_TEMPLATE."""

    artifacts: StackSet
    pipeline: StackSet


def add_stack_sets(
    template: Template,
    config: Config,
    *,
    roles: FleetRoles,
    artifacts: Template,
) -> FleetStackSets:
    """Both StackSets; the pipeline's is there once its template's URL is, as code must be uploaded before."""
    url, key = (_add_parameter(template, *parameter) for parameter in _BUNDLE)
    template.add_condition(HAS_TEMPLATE, Not(Equals(Ref(url), "")))
    preferences = _add_preferences(template, config)
    artifacts_set = _add_stack_set(
        template,
        ARTIFACTS,
        config,
        name=config.name(ARTIFACTS_STACK_SET),
        roles=roles,
        preferences=preferences,
        Description=f"Code buckets of {config.stack_name}",
        # Inline, as it makes the buckets that other templates are read from.
        TemplateBody=artifacts.to_json(indent=None, separators=(",", ":")),
    )
    pipeline_set = _add_stack_set(
        template,
        PIPELINE_STACK_SET,
        config,
        name=config.name(REGIONAL_STACK_SET),
        roles=roles,
        preferences=preferences,
        Condition=HAS_TEMPLATE,
        Description=f"Metrics pipelines of {config.stack_name}",
        TemplateURL=Ref(url),
        # Each parameter, whatever its default: CreateStackSet refuses those without a value, empty ones among them.
        Parameters=[
            StackSetParameter(ParameterKey=CODE_BUCKET, ParameterValue=OWN_BUCKET),
            StackSetParameter(ParameterKey=CODE_KEY, ParameterValue=Ref(key)),
        ],
    )
    return FleetStackSets(artifacts_set, pipeline_set)


def _add_parameter(
    template: Template, title: str, label: str, description: str, pattern: str, default: str = ""
) -> Parameter:
    parameter = template.add_parameter(
        Parameter(title, Type="String", Default=default, Description=description, AllowedPattern=pattern)
    )
    template.add_parameter_to_group(parameter, "What the regions run")
    template.set_parameter_label(parameter, label)
    return parameter


def _add_stack_set(
    template: Template,
    title: str,
    config: Config,
    *,
    name: str,
    roles: FleetRoles,
    preferences: OperationPreferences,
    **properties: Any,
) -> StackSet:
    administration_arn: GetAtt = roles.administration.get_att("Arn")
    return template.add_resource(
        StackSet(
            title,
            # Without all of these, a StackSet's first operation finds a role that it cannot use yet.
            DependsOn=list(roles.complete) if title == ARTIFACTS else [*roles.complete, ARTIFACTS],
            StackSetName=name,
            PermissionModel="SELF_MANAGED",
            AdministrationRoleARN=administration_arn,
            ExecutionRoleName=Ref(roles.execution),
            Capabilities=["CAPABILITY_IAM"],
            ManagedExecution=ManagedExecution(Active=True),
            OperationPreferences=preferences,
            StackInstancesGroup=_instances(config),
            Tags=Tags(**project_tags(config)),
            **properties,
        )
    )


def _add_preferences(template: Template, config: Config) -> OperationPreferences:
    """The canary first, then one region after the other, or all at once.

    There is one account, so a region fails whole: with tolerance 0 no further region is tried. CloudFormation gives
    these preferences to each operation of an update, and does not say that it takes an order of other regions than the
    operation's: while regions come or go, there is none.
    """
    order: dict[str, Any] = {"RegionConcurrencyType": "PARALLEL"}
    if config.fleet.concurrency == "sequential":
        template.add_condition(IN_ORDER, Equals(Ref(_add_parameter(template, *_CHANGE)), "no"))
        regions = If(IN_ORDER, list(config.fleet.order(config.regions)), NoValue)
        order = {"RegionConcurrencyType": "SEQUENTIAL", "RegionOrder": regions}
    return OperationPreferences(
        FailureToleranceCount=config.fleet.failure_tolerance, MaxConcurrentCount=1, **order
    )


def _instances(config: Config) -> list[StackInstances]:
    """One group of all regions: they have the same parameters, and CloudFormation makes an operation of each group."""
    return [
        StackInstances(
            DeploymentTargets=DeploymentTargets(Accounts=[Ref("AWS::AccountId")]),
            Regions=list(config.fleet.order(config.regions)),
        )
    ]
