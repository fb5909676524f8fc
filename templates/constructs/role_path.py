"""The path of an environment's roles: what may make them can be told from what may make any role."""

from troposphere import Template
from troposphere.iam import Role

from templates.config import Config
from templates.names import ROLE_PATH


def put_roles_together(template: Template, config: Config) -> None:
    """Put every role of the template under the environment's path; IAM is global, and paths are not names."""
    for resource in template.resources.values():
        if isinstance(resource, Role):
            resource.Path = config.name(ROLE_PATH)
