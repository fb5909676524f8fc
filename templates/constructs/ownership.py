"""The ownership of an environment's resources: the tags of what takes tags, and the path of its roles."""

from troposphere import Tags, Template
from troposphere.iam import Role

from templates.config import Config
from templates.config.tags import LOGICAL_ID
from templates.names import ROLE_PATH

# The attributes of a resource that outlives its stack, unless its making fails; and of one that does not.
RETAINED = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
DELETED = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def project_tags(config: Config) -> dict[str, str]:
    """Project, Environment, ManagedBy and the user's own."""
    own = {"Project": config.project, "Environment": config.environment, "ManagedBy": "CloudFormation"}
    return {**config.tags, **own}


def tag_resources(template: Template, config: Config) -> None:
    """Tag every resource of the template that takes tags; the last step of a stack.

    What outlives its stack has its logical id there, too, by which an import finds it again: CloudFormation's own tags
    do not stand on tables and keys.
    """
    for title, resource in template.resources.items():
        if "Tags" in resource.props:
            kept = "Retain" in resource.resource.get("DeletionPolicy", "")
            resource.Tags = Tags(**project_tags(config), **({LOGICAL_ID: title} if kept else {}))


def set_role_path(template: Template, config: Config) -> None:
    """Put every role of the template under the environment's path, by which the fleet's role may make them.

    IAM is global, so two regions' roles may not have one name; a path they may share.
    """
    for resource in template.resources.values():
        if isinstance(resource, Role):
            resource.Path = config.name(ROLE_PATH)
