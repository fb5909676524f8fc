"""Finds a deployment by its stack: which outputs it has, wherever it runs."""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.aws_errors import asking
from ops.errors import OperatorError
from ops.stack_sets import instances
from templates import config
from templates.names import REGIONAL_STACK_SET

# Timestream answers a query within 60 s or not at all; the SDK's own timeout is as long, so it would lose the race.
_SDK = Config(read_timeout=70, retries={"mode": "standard", "max_attempts": 5})


@dataclass(frozen=True, slots=True)
class Target:
    """Which deployment a command is about."""

    environment: str
    region: str
    stack_name: str
    regions: tuple[str, ...]

    def client(self, service: str) -> Any:
        """An SDK client in the target's region."""
        return client(service, self.region)

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name; OperatorError when there is no such stack or no way to ask."""
        stack = self.stack()
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def stack(self) -> Mapping[str, Any]:
        """The stack's description, whether it was deployed by itself or by the fleet's StackSet."""
        try:
            return self._described(self.stack_name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                instance = self._of_the_fleet()
                if instance is not None:
                    return instance
                raise OperatorError(
                    f"no stack {self.stack_name} in {self.region}; deploy it first"
                ) from error
            raise OperatorError(f"cannot describe stack {self.stack_name}: {error}") from error
        except BotoCoreError as error:
            raise OperatorError(
                f"cannot describe stack {self.stack_name} in {self.region}: {error}"
            ) from error

    def _described(self, name: str) -> Mapping[str, Any]:
        stacks: list[Mapping[str, Any]] = self.client("cloudformation").describe_stacks(StackName=name)[
            "Stacks"
        ]
        return stacks[0]

    def _of_the_fleet(self) -> Mapping[str, Any] | None:
        """The stack instance that the fleet made in this region; its name ends in an id, so the StackSet is asked."""
        try:
            values = config.load(self.environment)
            name = values.name(REGIONAL_STACK_SET)
            found = instances(client("cloudformation", values.home), name)
            return next(
                (
                    self._described(one.stack_id)
                    for one in found
                    if one.region == self.region and one.stack_id
                ),
                None,
            )
        except (config.ConfigError, OperatorError, ClientError, BotoCoreError):
            return None  # what matters to the caller is that there is no stack of the usual name

    def output(self, name: str) -> str:
        """One output; OperatorError when this stack has none of that name."""
        outputs = self.outputs()
        if name not in outputs:
            known = ", ".join(sorted(outputs))
            raise OperatorError(f"stack {self.stack_name} has no output {name}; it has {known}")
        return outputs[name]


def client(service: str, region: str) -> Any:
    """An SDK client in a region."""
    return boto3.client(service, region_name=region, config=_SDK)


def account(clients: Callable[[str, str], Any], region: str) -> str:
    """The caller's account."""
    with asking("cannot tell which account this is"):
        return str(clients("sts", region).get_caller_identity()["Account"])


def settings(environment: str) -> config.Config:
    """The environment's configuration; OperatorError when its file is bad."""
    try:
        return config.load(environment)
    except config.ConfigError as error:
        raise OperatorError(str(error)) from error


def find(environment: str, region: str | None) -> Target:
    """The deployment of an environment in a region: the one given, else AWS_REGION's, else the environment's first.

    Raises OperatorError when the environment's file is bad.
    """
    values = settings(environment)
    chosen = region or os.environ.get("AWS_REGION") or values.regions[0]
    return Target(environment, chosen, values.stack_name, tuple(values.regions))


def add_options(parser: argparse.ArgumentParser, *, region: bool = True) -> None:
    """Add the options by which a command finds its deployment; those of the whole fleet have no region."""
    parser.add_argument(
        "--environment", default="dev", metavar="NAME", help="environments/NAME.toml (default dev)"
    )
    if region:
        parser.add_argument(
            "--region", metavar="REGION", help="default: AWS_REGION, then the environment's first"
        )
