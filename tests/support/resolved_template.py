"""A template with everything in it resolved, as services get it when its resources are made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.cloudformation.intrinsics import Path
from emulator.cloudformation.template import Template

ACCOUNT = "123456789012"


def pseudo(stack_name: str, region: str) -> dict[str, str]:
    """The pseudo parameters of a stack."""
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def resolved(
    body: Mapping[str, Any], parameters: Mapping[str, Any], stack_name: str, region: str
) -> dict[str, dict[str, Any]]:
    """The resources whose conditions hold; references to resources become their logical ids."""
    template = Template(body, parameters, pseudo=pseudo(stack_name, region))
    scope = replace(template.scope, references=_ByName(template))
    return {title: scope.evaluate(body["Resources"][title], (title,)) for title in template.resources}


@dataclass(frozen=True)
class _ByName:
    """Answers references to resources by their logical ids."""

    template: Template

    def ref(self, name: str, _at: Path) -> Any:
        try:
            return self.template.known(name)
        except KeyError:
            return name

    def get_att(self, logical_id: str, attribute: str, _at: Path) -> str:
        return "10.0.0.0/16" if attribute == "CidrBlock" else f"arn:aws:::{ACCOUNT}:{logical_id}/{attribute}"
