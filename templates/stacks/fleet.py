"""The fleet stack, in one region: it carries the other two to every region, and looks at all of them."""

from dataclasses import replace

from troposphere import GetAtt, Output, Ref, Template

from templates.components.fleet import add_dashboard, add_fleet_roles, add_stack_sets
from templates.components.fleet.stack_sets import HAS_TEMPLATE
from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import tag_resources
from templates.stacks.artifacts import artifacts
from templates.stacks.regional import regional
from templates.version import version


def fleet(config: Config) -> Template:
    """Roles, then the StackSets that take them, then the dashboard over what these make."""
    template = Template(Description=f"Every region of {config.stack_name}, version {version()}")
    template.set_version("2010-09-09")
    # The state machine of the heartbeat is in it, or the role could not delete it when an environment does without.
    widest = replace(config, operators=replace(config.operators, heartbeat=True))
    roles = add_fleet_roles(template, config, pipeline=regional(widest))
    stack_sets = add_stack_sets(
        template,
        config,
        roles=roles,
        artifacts=artifacts(config),
    )
    dashboard = add_dashboard(template, config)
    add_outputs(
        template,
        ("ArtifactsStackSetId", Ref(stack_sets.artifacts), "The StackSet of the code buckets"),
        ("ExecutionRoleArn", GetAtt(roles.execution, "Arn"), "The role that works in the regions"),
        ("DashboardName", Ref(dashboard), "The dashboard over all regions"),
    )
    template.add_output(
        Output(
            "RegionalStackSetId",
            Condition=HAS_TEMPLATE,
            Value=Ref(stack_sets.pipeline),
            Description="The StackSet of the pipelines, once there is one",
        )
    )
    tag_resources(template, config)
    return template
