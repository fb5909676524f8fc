"""Deployments by their stacks: which outputs they have, wherever they run."""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config as SdkConfig

from ops.change_set import described
from ops.errors import OperatorError, refusals
from ops.stack_sets import instances
from ops.store.choice import store_of
from ops.store.port import Store
from templates.config import Config, ConfigError, load
from templates.names import REGIONAL_STACK_SET

# Timestream answers a query within 60 s or not at all; the SDK's own timeout is as long, so it would lose the race.
_SDK = SdkConfig(read_timeout=70, retries={"mode": "standard", "max_attempts": 5})

Clients = Callable[[str, str], Any]
"""Gives a client of a service in a region."""


class NoStackError(OperatorError):
    """There is no such stack."""


@dataclass(frozen=True, slots=True)
class Target:
    """The deployment that a command is about: an environment's stack in a region."""

    config: Config
    region: str
    stack_name: str

    def client(self, service: str) -> Any:
        """An SDK client in the target's region."""
        return client(service, self.region)

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name; OperatorError when there is no such stack or no way to ask."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack().get("Outputs", [])}

    def output(self, name: str) -> str:
        """One output; OperatorError when this stack has none of that name."""
        outputs = self.outputs()
        if name not in outputs:
            known = ", ".join(sorted(outputs))
            raise OperatorError(f"stack {self.stack_name} has no output {name}; it has {known}")
        return outputs[name]

    def store(self) -> Store:
        """The store of its points, to be asked in SQL; OperatorError when there is no such stack."""
        return store_of(self.outputs(), self.client)

    def dimension_names(self) -> set[str]:
        """The names of dimensions that any point ever had, from the registry; OperatorError if it cannot be read."""
        with refusals("cannot read the registry of dimensions"):
            found = self.client("dynamodb").get_item(
                TableName=self.output("DimensionsTableName"),
                Key={"table_name": {"S": self.output("TableName")}},
            )
        return set(found.get("Item", {}).get("names", {}).get("SS", []))

    def stack(self) -> Mapping[str, Any]:
        """The stack's description, whether it was deployed by itself or by the fleet's StackSet.

        Raises NoStackError if there is none, OperatorError if AWS refuses to say.
        """
        where = f"stack {self.stack_name} in {self.region}"
        instance = described(self.client("cloudformation"), self.stack_name, where) or self._stack_instance()
        if instance is None:
            raise NoStackError(f"no stack {self.stack_name} in {self.region}; deploy it first")
        return instance

    def deployed(self) -> str | None:
        """The name of the stack that is there, which is another than ours if the fleet made it; None if none is."""
        try:
            return str(self.stack()["StackName"])
        except NoStackError:
            return None

    def _stack_instance(self) -> Mapping[str, Any] | None:
        """The stack that the fleet made in this region; its name ends in an id, so the StackSet is asked."""
        try:
            found = instances(
                client("cloudformation", self.config.home), self.config.name(REGIONAL_STACK_SET)
            )
            ids = (one.stack_id for one in found if one.region == self.region and one.stack_id)
            return next((described(self.client("cloudformation"), one) for one in ids), None)
        except OperatorError:
            return None  # what matters to the caller is that there is no stack of the usual name


def client(service: str, region: str, *, endpoint_url: str | None = None) -> Any:
    """An SDK client in a region, at AWS's endpoint or where the environment says, unless another is given."""
    return boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=_SDK)


def account(clients: Clients, region: str) -> str:
    """The caller's account."""
    with refusals("cannot tell which account this is"):
        return str(clients("sts", region).get_caller_identity()["Account"])


def settings(environment: str, *, without_network: bool = False) -> Config:
    """The environment's configuration; OperatorError with every mistake of its file.

    With `without_network` the file may lack what the private mode needs to know.
    """
    try:
        return load(environment, without_network=without_network)
    except ConfigError as error:
        raise OperatorError(str(error)) from error


def find(environment: str, region: str | None) -> Target:
    """The deployment of an environment in a region: the one given, else AWS_REGION's, else the environment's first.

    Raises OperatorError when the environment's file is bad.
    """
    config = settings(environment)
    return Target(config, region or os.environ.get("AWS_REGION") or config.regions[0], config.stack_name)


def targets(options: argparse.Namespace) -> list[Target]:
    """The deployments that a command is about: one, or with `--all-regions` and in the fleet's commands every one.

    Raises OperatorError when the environment's file is bad.
    """
    config = settings(options.environment, without_network=getattr(options, "asks_for_network", False))
    if options.every_region:
        return [Target(config, region, config.stack_name) for region in config.fleet.order(config.regions)]
    return [find(options.environment, options.region)]


class _OneRegion(argparse.Action):
    """Asks one region, where every one is asked by default, too."""

    def __call__(
        self, _: object, namespace: argparse.Namespace, values: object, __: str | None = None
    ) -> None:
        """Takes the region."""
        namespace.region, namespace.every_region = values, False


def add_options(
    parser: argparse.ArgumentParser,
    *,
    region: bool = True,
    all_regions: bool = False,
    everywhere: bool = False,
    offline: bool = False,
    waits: bool = False,
) -> None:
    """Add the options by which a command finds its deployment; those of the whole fleet have no region.

    With `all_regions` every region can be asked for, and with `everywhere` it is, unless one is named; with `offline`
    the command asks nothing of AWS, and with `waits` it is of use before anything listens.
    """
    parser.set_defaults(
        offline=offline, waits=waits, every_region=everywhere or not (region or offline), region=None
    )
    parser.add_argument(
        "--environment",
        metavar="NAME",
        help="environments/NAME.toml (default: TIDEGAUGE_ENVIRONMENT, which build/local.env sets, then dev)",
    )
    if not region:
        return
    regions = parser.add_mutually_exclusive_group()
    regions.add_argument(
        "--region",
        metavar="REGION",
        action=_OneRegion,
        help="default: every region of the environment"
        if everywhere
        else "default: AWS_REGION, then the environment's first",
    )
    if all_regions:
        regions.add_argument(
            "--all-regions",
            action="store_true",
            dest="every_region",
            help="every region of the environment, one after the other",
        )
