"""The tags of everything that takes tags."""

from troposphere import Tags, Template

from templates.config import Config


def project_tags(config: Config) -> dict[str, str]:
    """Project, Environment, ManagedBy and the user's own."""
    own = {"Project": config.project, "Environment": config.environment, "ManagedBy": "CloudFormation"}
    return {**config.tags, **own}


def tag_everything(template: Template, config: Config) -> None:
    """Tag every resource of the template that can be tagged; the last step of a stack."""
    for resource in template.resources.values():
        if "Tags" in resource.props:
            resource.Tags = Tags(**project_tags(config))
