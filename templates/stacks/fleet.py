"""The fleet stack, in one region: it carries the other two to every region, and looks at all of them."""

from troposphere import GetAtt, Output, Ref, Template

from templates.components.fleet import add_dashboard, add_fleet_roles, add_stack_sets
from templates.components.fleet.stack_sets import ARTIFACTS, HAS_TEMPLATE
from templates.config import Config
from templates.constructs.ownership import tag_resources
from templates.names import PIPELINE_STACK_SET
from templates.parameters import network_parameters
from templates.stacks.artifacts import artifacts
from templates.version import version


def fleet(config: Config) -> Template:
    """Roles, then the StackSets that take them, then the dashboard over what these make."""
    template = Template(Description=f"Every region of {config.stack_name}, version {version()}")
    template.set_version("2010-09-09")
    roles = add_fleet_roles(template, config)
    add_stack_sets(
        template,
        config,
        roles=roles,
        artifacts=artifacts(config),
        overrides={region: network_parameters(config, region) for region in config.regions},
    )
    dashboard = add_dashboard(template, config)
    for name, value, description in (
        ("ArtifactsStackSetId", Ref(ARTIFACTS), "The StackSet of the code buckets"),
        ("ExecutionRoleArn", GetAtt(roles.execution, "Arn"), "The role that works in the regions"),
        ("DashboardName", Ref(dashboard), "The dashboard over all regions"),
    ):
        template.add_output(Output(name, Value=value, Description=description))
    template.add_output(
        Output(
            "RegionalStackSetId",
            Condition=HAS_TEMPLATE,
            Value=Ref(PIPELINE_STACK_SET),
            Description="The StackSet of the pipelines, once there is one",
        )
    )
    tag_resources(template, config)
    return template
