"""A deployed stack: its resources and outputs, every reference resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template with every reference in it resolved.

    `physical_id` is what Ref gives, `attributes` what GetAtt gives; `properties` keep CloudFormation's names
    and nesting, numbers and booleans as the template has them (a parameter's value is text, as on AWS).
    """

    logical_id: str
    type: str
    physical_id: str
    attributes: Mapping[str, Any]
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack in one region: its resources by logical id, in the order they were created."""

    account_id: str
    region: str
    stack_name: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, str]
    parameters: Mapping[str, Any]

    def of_type(self, resource_type: str) -> tuple[Resource, ...]:
        """The resources of one CloudFormation type, in the order they were created."""
        return tuple(resource for resource in self.resources.values() if resource.type == resource_type)
