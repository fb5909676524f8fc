"""`ops fleet`: every region at a glance, what the private mode needs to know, and a region's data taken back."""

import argparse
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops import fleet_import, stack
from ops.aws_errors import asking
from ops.errors import OperatorError
from ops.printable import printable
from ops.stack_sets import Instance, instances
from templates.config import Config
from templates.names import REGIONAL_STACK_SET

_SECONDS = 5.0


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `fleet` with its subcommands to the command line."""
    parser = commands.add_parser("fleet", help="every region: status, networks, taking a region's data back")
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", _status, "each region's version, stack, health and ingest URL"),
        (
            "network",
            _network,
            "what private mode needs to know of each region, to paste into the environment file",
        ),
    ):
        command = subcommands.add_parser(name, help=text)
        stack.add_options(command, region=False)
        command.set_defaults(run=run)
    fleet_import.add_command(subcommands)


def _status(options: argparse.Namespace) -> int:
    """0 only if every region of the environment has a pipeline that answers."""
    config = stack.settings(options.environment)
    rows = [_row(config, region, instance) for region, instance in _regions(config)]
    for line in _columns([("region", "version", "stack", "in fleet", "health", "ingest URL"), *rows]):
        print(line)
    return int(any(row[4] != "ok" for row in rows))


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows in columns; not cut at the terminal's width, as URLs are for copying."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (printable(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _regions(config: Config) -> list[tuple[str, Instance | None]]:
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
    target = stack.Target(config.environment, region, config.stack_name, config.regions)
    try:
        found = target.stack()
    except OperatorError as error:
        return (region, "–", "none" if "no stack" in str(error) else str(error), in_fleet, "–", "–")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    ingest = _local_ingest_url(region) or outputs.get("IngestUrl", "–")
    health, answer = _health(ingest.removesuffix("/metrics") + "/health")
    version = found.get("Description", "").rpartition("version ")[2] or str(answer.get("version", "–"))
    return (region, version, found["StackStatus"], in_fleet, health, ingest)


def _local_ingest_url(region: str) -> str | None:
    """Where the local run serves the region, if its environment file is loaded."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint.startswith("http://127.0.0.1:"):
        return None
    try:
        with urllib.request.urlopen(f"{endpoint}/_local/status", timeout=_SECONDS) as reply:  # noqa: S310 - loopback
            url = json.loads(reply.read()).get(region, {}).get("ingest_url")
    except (OSError, ValueError):
        return None
    return None if url is None else str(url)


def _health(url: str) -> tuple[str, Mapping[str, Any]]:
    """What the region's API says of itself, in a word, and whole."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        return "no URL", {}
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as reply:  # noqa: S310 - checked above
            answer = json.loads(reply.read(65_536))
    except (OSError, ValueError) as error:
        return f"no answer ({type(error).__name__})", {}
    return "ok", answer if isinstance(answer, dict) else {}


def _network(options: argparse.Namespace) -> int:
    config = stack.settings(options.environment)
    found = {
        "ingest_cell": lambda region: _cell("timestream-write", region),
        "query_cell": lambda region: _cell("timestream-query", region),
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
    with asking(f"cannot ask for Timestream's cell in {region}"):
        endpoints = stack.client(service, region).describe_endpoints()["Endpoints"]
    return str(endpoints[0]["Address"].split(".")[0].rpartition("-")[2])


def _prefix_list(service: str, region: str) -> str:
    name = f"com.amazonaws.{region}.{service}"
    try:
        lists = stack.client("ec2", region).describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [name]}]
        )["PrefixLists"]
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"cannot ask for the prefix list {name}: {error}") from error
    if not lists:
        raise OperatorError(f"{region} has no prefix list {name}")
    return str(lists[0]["PrefixListId"])
