"""Finds a deployment by its stack: which outputs it has, wherever it runs."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OperatorError
from templates import config

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
        return boto3.client(service, region_name=self.region, config=_SDK)

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name; OperatorError when there is no such stack or no way to ask."""
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                raise OperatorError(
                    f"no stack {self.stack_name} in {self.region}; deploy it first"
                ) from error
            raise OperatorError(f"cannot describe stack {self.stack_name}: {error}") from error
        except BotoCoreError as error:
            raise OperatorError(
                f"cannot describe stack {self.stack_name} in {self.region}: {error}"
            ) from error
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def output(self, name: str) -> str:
        """One output; OperatorError when this stack has none of that name."""
        outputs = self.outputs()
        if name not in outputs:
            known = ", ".join(sorted(outputs))
            raise OperatorError(f"stack {self.stack_name} has no output {name}; it has {known}")
        return outputs[name]


def find(environment: str, region: str | None) -> Target:
    """The deployment of an environment in a region: the one given, else AWS_REGION's, else the environment's first.

    Raises OperatorError when the environment's file is bad.
    """
    try:
        settings = config.load(environment)
    except config.ConfigError as error:
        raise OperatorError(str(error)) from error
    chosen = region or os.environ.get("AWS_REGION") or settings.regions[0]
    return Target(environment, chosen, f"{settings.project}-{environment}", tuple(settings.regions))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the two options by which every command finds its deployment."""
    parser.add_argument(
        "--environment", default="dev", metavar="NAME", help="environments/NAME.toml (default dev)"
    )
    parser.add_argument(
        "--region", metavar="REGION", help="default: AWS_REGION, then the environment's first"
    )
