"""A permit: actions of one service on resources by their names, as far as these are known before they are made.

Where the name of a resource is CloudFormation's to choose, it begins with that of the stack; how much of it is kept
differs from service to service.
"""

from dataclasses import dataclass

from awacs.aws import Action, Condition, Statement
from troposphere import Sub

from templates.config import Config
from templates.constructs.policy import allow

# As much of a stack's name as every service keeps in a resource's.
_KEPT = 19


@dataclass(frozen=True)
class Permit:
    """Actions of one service on resources: ARNs after `arn:<partition>:`, or `*` where there is none to name."""

    service: str
    actions: str
    resources: tuple[str, ...]
    condition: Condition | None = None

    def statement(self) -> Statement:
        """The permit in IAM's words."""
        resources = [
            "*" if resource == "*" else Sub(f"arn:${{AWS::Partition}}:{resource}")
            for resource in self.resources
        ]
        actions = [Action(self.service, name) for name in self.actions.split()]
        extra = {} if self.condition is None else {"Condition": self.condition}
        return allow(actions, resources, **extra)


def here(service: str, rest: str) -> str:
    """A resource of this account in any region."""
    return f"{service}:*:${{AWS::AccountId}}:{rest}"


def generated(config: Config) -> str:
    """A pattern of the names that CloudFormation chooses for the stack instances' resources."""
    return f"StackSet-{config.project}"[:_KEPT] + "*"
