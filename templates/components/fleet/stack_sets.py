"""The StackSets: artifacts with their template inline, the pipeline by the URL of its template."""

from dataclasses import dataclass
from typing import Any

from troposphere import Equals, GetAtt, Not, Parameter, Ref, Tags, Template
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
from templates.parameters import CODE_BUCKET, CODE_KEY, OWN_BUCKET, TEMPLATE_URL

ARTIFACTS = "ArtifactsStackSet"
HAS_TEMPLATE = "RegionalTemplateIsGiven"


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
    url, key = _add_parameters(template)
    template.add_condition(HAS_TEMPLATE, Not(Equals(Ref(url), "")))
    artifacts_set = _add_stack_set(
        template,
        ARTIFACTS,
        config,
        name=config.name(ARTIFACTS_STACK_SET),
        roles=roles,
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


def _add_parameters(template: Template) -> tuple[Parameter, Parameter]:
    group = "What the regions run"
    parameters = []
    for title, label, description, pattern in (
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
    ):
        parameter = template.add_parameter(
            Parameter(title, Type="String", Default="", Description=description, AllowedPattern=pattern)
        )
        template.add_parameter_to_group(parameter, group)
        template.set_parameter_label(parameter, label)
        parameters.append(parameter)
    return parameters[0], parameters[1]


def _add_stack_set(
    template: Template,
    title: str,
    config: Config,
    *,
    name: str,
    roles: FleetRoles,
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
            OperationPreferences=_preferences(config),
            StackInstancesGroup=_instances(config),
            Tags=Tags(**project_tags(config)),
            **properties,
        )
    )


def _preferences(config: Config) -> OperationPreferences:
    """The canary first, then one region after the other, or all at once.

    There is one account, so a region fails whole: with tolerance 0 no further region is tried.
    """
    sequential = config.fleet.concurrency == "sequential"
    order = {"RegionOrder": list(config.fleet.order(config.regions))} if sequential else {}
    return OperationPreferences(
        RegionConcurrencyType="SEQUENTIAL" if sequential else "PARALLEL",
        FailureToleranceCount=config.fleet.failure_tolerance,
        MaxConcurrentCount=1,
        **order,
    )


def _instances(config: Config) -> list[StackInstances]:
    """One group of all regions: they have the same parameters, and CloudFormation makes an operation of each group."""
    return [
        StackInstances(
            DeploymentTargets=DeploymentTargets(Accounts=[Ref("AWS::AccountId")]),
            Regions=list(config.fleet.order(config.regions)),
        )
    ]
