"""A permit: actions of one service on resources by their names and tags, as far as these are known beforehand.

Where the name of a resource is CloudFormation's to choose, it begins with that of the stack; how much of it is kept
differs from service to service. Where AWS gives an id instead, the environment's tags tell whose a resource is.
"""

from dataclasses import dataclass

from awacs.aws import Action, Condition, Null, Statement, StringEquals
from troposphere import Sub

from templates.config import Config
from templates.constructs.ownership import project_tags
from templates.constructs.policy import allow
from templates.names import REGIONAL_STACK_SET

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


def here(service: str, *rest: str) -> tuple[str, ...]:
    """Resources of this account in any region."""
    return tuple(f"{service}:*:${{AWS::AccountId}}:{one}" for one in rest)


def stack_names(config: Config) -> tuple[str, str]:
    """The beginnings of the names of an instance's stack, and of one that was imported under a name of its own."""
    return f"StackSet-{config.name(REGIONAL_STACK_SET)}-", f"{config.stack_name}-"


def generated(config: Config, kind: str = "") -> tuple[str, ...]:
    """Patterns of the names that CloudFormation chooses where a service has room for a stack's whole name."""
    return tuple(f"{kind}{name}*" for name in stack_names(config))


def generated_short(config: Config, kind: str = "") -> tuple[str, ...]:
    """Patterns of the names that CloudFormation chooses where a service takes no more than 64 characters."""
    return tuple(f"{kind}{name[:_KEPT]}*" for name in stack_names(config))


def owned(config: Config) -> Condition:
    """A resource with this environment's tags."""
    return Condition(StringEquals(_tags(config, "aws:ResourceTag")))


def tagged_so(config: Config) -> Condition:
    """A call that makes a resource with this environment's tags."""
    return Condition(StringEquals(_tags(config, "aws:RequestTag")))


def tagged_first(config: Config) -> Condition:
    """A call that gives this environment's tags to what has none, as every resource that is being made."""
    unowned = Null({"aws:ResourceTag/Project": "true"})
    return Condition([StringEquals(_tags(config, "aws:RequestTag")), unowned])


def _tags(config: Config, key: str) -> dict[str, str]:
    tags = project_tags(config)
    return {f"{key}/{name}": tags[name] for name in ("Project", "Environment")}
