"""The stacks that the tests look at: of every environment, and of one that uses what the others leave out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from templates.config import ENVIRONMENTS, Config, load
from templates.config.alerting import Subscription
from templates.config.fleet import Fleet
from templates.config.network import Network
from templates.config.pipeline import Operators, Store, Stream
from templates.stacks import STACKS

NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.toml"))
_WRITTEN: dict[tuple[str, str], str] = {}


SUBSCRIPTIONS = (
    Subscription(protocol="email", endpoint="team@example.com"),
    Subscription(
        protocol="sqs",
        endpoint="arn:aws:sqs:eu-central-1:123456789012:pager",
        severity=("high", "critical"),
        state=("ALARM",),
    ),
    Subscription(protocol="https", endpoint="https://alerts.example.com/hook", metric_type=("business",)),
    Subscription(protocol="slack", endpoint="/other/alerts-channel"),
    Subscription(protocol="pagerduty", endpoint="/other/on-call", severity=("critical",)),
)


PRIVATE = Network(
    mode="private",
    cidr={"eu-central-1": "10.0.0.0/16", "ap-southeast-2": "10.1.0.0/24"},
    ingest_cell={"eu-central-1": "cell1", "ap-southeast-2": "cell2"},
    query_cell={"eu-central-1": "cell1", "ap-southeast-2": "cell12"},
    s3_prefix_list={"eu-central-1": "pl-0000000a", "ap-southeast-2": "pl-0000000b"},
    dynamodb_prefix_list={"eu-central-1": "pl-0000001a", "ap-southeast-2": "pl-0000001b"},
)


def other() -> Config:
    """A private network, shards, several web origins, an operator: whatever an environment file may say besides."""
    config = load("dev")
    return replace(
        config,
        environment="other",
        regions=("eu-central-1", "ap-southeast-2"),
        stream=Stream(mode="provisioned", retention_hours=48, shards=3),
        api=replace(
            config.api,
            auth="iam",
            cors_origins=("https://a.example", "https://b.example:8443"),
            allow_from=("203.0.113.0/24", "2001:db8::/32"),
            allow_accounts=("210987654321",),
        ),
        operators=Operators(email="oncall@example.com"),
        network=PRIVATE,
        fleet=Fleet(home="ap-southeast-2", concurrency="parallel", failure_tolerance=1),
        alerts=replace(config.alerts, tick_seconds=10, subscriptions=SUBSCRIPTIONS),
    )


def tokens() -> Config:
    """An environment whose clients have tokens, in production and from some addresses alone; with remote write."""
    config = load("dev")
    api = replace(
        config.api, auth="token", cors_origins=(), allow_from=("203.0.113.0/24",), remote_write=True
    )
    return replace(config, environment="prodtok", api=api)


def lake_config() -> Config:
    """An environment whose store is the lake."""
    config = load("dev")
    store = Store(kind="lake", retention_days=30, quarantine_days=30)
    return replace(config, environment="lake", store=store, export=replace(config.export, lag_minutes=20))


def in_private_mode(config: Config) -> Config:
    """The same environment with a network in each of its regions."""
    regions = config.regions
    cells = dict.fromkeys(regions, "cell1") if config.store.kind == "timestream" else {}
    network = Network(
        mode="private",
        cidr={region: f"10.{number}.0.0/16" for number, region in enumerate(regions)},
        ingest_cell=cells,
        query_cell=cells,
        s3_prefix_list=dict.fromkeys(regions, "pl-0000000a"),
        dynamodb_prefix_list=dict.fromkeys(regions, "pl-0000000b"),
    )
    return replace(config, network=network)


@dataclass(frozen=True)
class Generated:
    """A stack as CloudFormation gets it, and the configuration it is made from."""

    stack: str
    config: Config
    body: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Any]:
        """The resources by logical id."""
        resources: Mapping[str, Any] = self.body["Resources"]
        return resources

    def of(self, kind: str) -> dict[str, Any]:
        """The properties of the resources of one type, by logical id."""
        return {
            title: resource.get("Properties", {})
            for title, resource in self.resources.items()
            if resource["Type"] == kind
        }


def build(stack: str, config: Config) -> Generated:
    """One stack of a configuration."""
    return Generated(stack, config, json.loads(written(stack, config)))


def written(stack: str, config: Config) -> str:
    """The same as text; a configuration's stack is made once."""
    made = (stack, repr(config))
    if made not in _WRITTEN:
        _WRITTEN[made] = STACKS[stack](config).to_json()
    return _WRITTEN[made]


def with_warnings(stack: Generated) -> Generated:
    """The same stack with all of its alarms."""
    config = stack.config
    if config.operators.alarms == "all":
        return stack
    return build(stack.stack, replace(config, operators=replace(config.operators, alarms="all")))


@cache
def generated() -> tuple[Generated, ...]:
    """Every stack of every environment."""
    return tuple(
        build(stack, config) for config in (*map(load, NAMES), other(), tokens()) for stack in STACKS
    )
