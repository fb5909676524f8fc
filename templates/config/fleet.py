"""Regions: which there are, their networks, and how a change goes through them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import combinations

from templates.config.checks import BadValue, Section, one_of, optional, setting, table_of, text, whole

# Where Timestream for LiveAnalytics can be had (the AWS partition): without it a region has no store.
TIMESTREAM_REGIONS = (
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
)

REGION = one_of(TIMESTREAM_REGIONS, "the regions that have Timestream for LiveAnalytics")

CIDR = text(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}", "an address range such as 10.0.0.0/16")


@dataclass(frozen=True)
class Network(Section):
    """Whether the functions run in a VPC, and each region's address range."""

    mode: str = setting(one_of(("public", "private")), "public")
    cidr: Mapping[str, str] = field(
        default_factory=dict, metadata={"check": table_of(REGION, CIDR, most=len(TIMESTREAM_REGIONS))}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges = {region: _network(region, value) for region, value in self.cidr.items()}
        for (one, first), (other, second) in combinations(sorted(ranges.items()), 2):
            if first.overlaps(second):
                raise BadValue(f"cidr.{other}", str(second), f"a range apart from {one}'s {first}")


def _network(region: str, value: str) -> IPv4Network:
    allowed = "a private range of /16 to /24 whose host bits are zero"
    try:
        network = IPv4Network(value)
    except ValueError:
        raise BadValue(f"cidr.{region}", value, allowed) from None
    if not network.is_private or not 16 <= network.prefixlen <= 24:
        raise BadValue(f"cidr.{region}", value, allowed)
    return network


@dataclass(frozen=True)
class Fleet(Section):
    """How a change goes from region to region."""

    canary: str | None = setting(optional(REGION), None)
    concurrency: str = setting(one_of(("sequential", "parallel")), "sequential")
    failure_tolerance: int = setting(whole(0, 7, "regions that may fail before a rollout stops"), 0)
