"""Creates a template's resources, one after the other, and returns what they became."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulator.cloudformation.deployment import Deployment, Resource
from emulator.cloudformation.intrinsics import Path, Scope
from emulator.cloudformation.parameters import as_text
from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources import HANDLERS
from emulator.cloudformation.resources.context import Context
from emulator.cloudformation.system_tags import with_system_tags
from emulator.cloudformation.template import DeclaredResource, Template
from emulator.errors import TemplateError


def deploy(
    body: Mapping[str, Any],
    *,
    context: Context,
    parameters: Mapping[str, str] | None = None,
) -> Deployment:
    """Create every resource of the template in the context's region, refusing a type or property not known here."""
    template = Template(body, parameters or {}, pseudo=_pseudo_parameters(context))
    for resource in template.resources.values():
        if resource.type not in HANDLERS:
            raise TemplateError(
                f"the local run does not know the resource type {resource.type}",
                at=(resource.logical_id, "Type"),
            )
    stack = _Stack(template)
    scope = replace(template.scope, references=stack)
    for resource in template.resources.values():
        stack.created[resource.logical_id] = _create(resource, scope, context)
    return Deployment(
        account_id=context.account_id,
        region=context.region,
        stack_name=context.stack_name,
        resources=stack.created,
        outputs={
            name: as_text(scope.evaluate(value, ("Outputs", name)))
            for name, value in template.outputs.items()
        },
        parameters=template.parameters,
    )


def _create(resource: DeclaredResource, scope: Scope, context: Context) -> Resource:
    at = (resource.logical_id,)
    resolved = scope.evaluate(dict(resource.properties), at)
    tagged = with_system_tags(context, resource.type, resource.logical_id, resolved)
    properties = Properties(tagged, at=at)
    try:
        created = HANDLERS[resource.type](context, properties)
    except BotoCoreError as error:
        raise TemplateError(" ".join(str(error).split()), at=at) from error
    except ClientError as error:
        raise TemplateError(str(error), at=at) from error
    except TemplateError as error:
        raise error.inside(resource.logical_id) from error
    properties.refuse_rest(resource.type)
    return Resource(
        logical_id=resource.logical_id,
        type=resource.type,
        physical_id=created.physical_id,
        attributes=created.attributes,
        properties=resolved,
    )


def _pseudo_parameters(context: Context) -> dict[str, Any]:
    return {
        "AWS::AccountId": context.account_id,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": context.region,
        "AWS::StackId": context.stack_id,
        "AWS::StackName": context.stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


@dataclass
class _Stack:
    """The resources that exist so far."""

    template: Template
    created: dict[str, Resource] = field(default_factory=dict)

    def ref(self, name: str, at: Path) -> Any:
        if name in self.created:
            return self.created[name].physical_id
        return self.template.ref(name, at)

    def get_att(self, logical_id: str, attribute: str, at: Path) -> Any:
        if logical_id not in self.created:
            raise TemplateError(f"there is no resource {logical_id}", at=at)
        resource = self.created[logical_id]
        if attribute not in resource.attributes:
            raise TemplateError(f"{logical_id} ({resource.type}) has no attribute {attribute} here", at=at)
        return resource.attributes[attribute]
