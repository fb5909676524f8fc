"""`ops fleet`: every region at a glance, what the private mode needs to know, and a region's data taken back."""

import argparse
import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.vocabulary import TIMESTREAM
from ops import stack, tables
from ops.errors import OperatorError, refusals
from ops.ingest_api import local_ingest_url
from ops.stack_sets import Instance, instances
from templates.config import Config
from templates.names import REGIONAL_STACK_SET

_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `fleet`."""
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", _status, "each region's version, stack, health and ingest URL"),
        (
            "network",
            _network,
            "what private mode needs to know of each region, to paste into the environment file",
        ),
        ("import", _import, "prepare taking a removed region's data back; changes nothing itself"),
    ):
        command = subcommands.add_parser(name, help=text)
        stack.add_options(command, region=name == "import")
        command.set_defaults(run=run, asks_for_network=name == "network")
        if name == "status":
            tables.add_option(command)


def _status(options: argparse.Namespace) -> int:
    """0 only if every region of the environment has a pipeline that answers."""
    config = stack.settings(options.environment)
    rows = [_row(config, region, instance) for region, instance in regions(config)]
    columns = ("region", "version", "stack", "in fleet", "health", "ingest URL")
    tables.show(columns, rows, options.format, noun="region")
    return int(any(row[4] != "ok" for row in rows))


def regions(config: Config) -> list[tuple[str, Instance | None]]:
    """The environment's regions, and those that still have a stack though the file no longer names them."""
    try:
        there = {
            one.region: one
            for one in instances(stack.client("cloudformation", config.home), config.name(REGIONAL_STACK_SET))
        }
    except OperatorError:
        there = {}  # the local run has no StackSets, and a caller may not be allowed to list them
    regions = [*config.fleet.order(config.regions), *sorted(set(there) - set(config.regions))]
    return [(region, there.get(region)) for region in regions]


def _row(config: Config, region: str, instance: Instance | None) -> Sequence[str]:
    in_fleet = "–" if instance is None else f"{instance.status} {instance.detail}".strip()
    try:
        found = stack.Target(config, region, config.stack_name).stack()
    except stack.NoStackError:
        return (region, "–", "none", in_fleet, "–", "–")
    except OperatorError as error:
        return (region, "–", str(error), in_fleet, "–", "–")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    ingest = local_ingest_url(region) or outputs.get("IngestUrl", "–")
    reached, answer = health(ingest.removesuffix("/metrics") + "/health")
    version = found.get("Description", "").rpartition("version ")[2] or str(answer.get("version", "–"))
    return (region, version, found["StackStatus"], in_fleet, reached, ingest)


def health(url: str) -> tuple[str, Mapping[str, Any]]:
    """The answer of the region's API about itself, in a word, and whole."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        return "no URL", {}
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as reply:  # noqa: S310 - checked above
            answer = json.loads(reply.read(65_536))
    except (OSError, ValueError) as error:
        return f"no answer ({type(error).__name__})", {}
    return "ok", answer if isinstance(answer, dict) else {}


def _import(options: argparse.Namespace) -> int:
    from ops import fleet_import  # noqa: PLC0415 - it builds templates, which takes a moment that the others save

    return fleet_import.run(stack.settings(options.environment), options.region)


def _network(options: argparse.Namespace) -> int:
    config = stack.settings(options.environment, without_network=True)
    cells = {
        "ingest_cell": lambda region: _cell("timestream-write", region),
        "query_cell": lambda region: _cell("timestream-query", region),
    }
    found = {
        **(cells if config.store.kind == TIMESTREAM else {}),
        "s3_prefix_list": lambda region: _prefix_list("s3", region),
        "dynamodb_prefix_list": lambda region: _prefix_list("dynamodb", region),
    }
    tables = {name: {region: ask(region) for region in config.regions} for name, ask in found.items()}
    for name, values in tables.items():
        print(f"[network.{name}]")
        for region, value in values.items():
            print(f'{region} = "{value}"')
        print()
    return 0


def _cell(service: str, region: str) -> str:
    with refusals(f"cannot ask for Timestream's cell in {region}"):
        endpoints = stack.client(service, region).describe_endpoints()["Endpoints"]
    return str(endpoints[0]["Address"].split(".")[0].rpartition("-")[2])


def _prefix_list(service: str, region: str) -> str:
    name = f"com.amazonaws.{region}.{service}"
    with refusals(f"cannot ask for the prefix list {name}"):
        lists = stack.client("ec2", region).describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [name]}]
        )["PrefixLists"]
    if not lists:
        raise OperatorError(f"{region} has no prefix list {name}")
    return str(lists[0]["PrefixListId"])
