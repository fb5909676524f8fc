"""The network that the functions run in, if they have one of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from templates.config.checks import BadValue, Check, Section, list_of, one_of, setting, table_of, text
from templates.config.fleet import REGION, TIMESTREAM_REGIONS

CIDR = text(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}", "an address range such as 10.0.0.0/16")
CELL = text(r"cell[0-9]{1,4}", "a Timestream cell such as cell1")
ZONES = list_of(text(r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]", "a zone such as us-east-1a"), least=2, most=2)
PREFIX_LIST = text(r"pl-[0-9a-f]{8,17}", "the id of a prefix list, pl-…")


def _per_region(value: Check) -> Any:
    table = table_of(REGION, value, most=len(TIMESTREAM_REGIONS))
    return field(default_factory=dict, metadata={"check": table, "of_a_region": value})


@dataclass(frozen=True)
class Network(Section):
    """True if the functions run in a VPC, and what each region's takes.

    Cells and prefix lists are AWS's to assign; `python -m ops fleet network` asks for them. Zones are needed
    only where an endpoint's service is not in both of a region's first two.
    """

    mode: str = setting(one_of(("public", "private")), "public")
    cidr: Mapping[str, str] = _per_region(CIDR)
    ingest_cell: Mapping[str, str] = _per_region(CELL)
    query_cell: Mapping[str, str] = _per_region(CELL)
    s3_prefix_list: Mapping[str, str] = _per_region(PREFIX_LIST)
    dynamodb_prefix_list: Mapping[str, str] = _per_region(PREFIX_LIST)
    zones: Mapping[str, tuple[str, str]] = _per_region(ZONES)

    def _check_together(self) -> None:
        ranges = {region: _range(region, value) for region, value in self.cidr.items()}
        for (one, first), (other, second) in combinations(sorted(ranges.items()), 2):
            if first.overlaps(second):
                raise BadValue(f"cidr.{other}", str(second), f"a range apart from {one}'s {first}")

    @property
    def private(self) -> bool:
        """True if the functions run in a VPC."""
        return self.mode == "private"

    def check_regions(self, regions: tuple[str, ...]) -> None:
        """Raise BadValue if a region lacks something that the private mode takes."""
        if self.private:
            given = {one.name: one.metadata.get("of_a_region") for one in fields(self)}
            for region in regions:
                for name, value in given.items():
                    if value and (name != "zones" or self.zones) and region not in getattr(self, name):
                        raise BadValue(
                            f"network.{name}.{region}", None, f"{value.allowed}, with mode private"
                        )


def _range(region: str, value: str) -> IPv4Network:
    allowed = "a private range of /16 to /24 whose host bits are zero"
    try:
        network = IPv4Network(value)
    except ValueError:
        raise BadValue(f"cidr.{region}", value, allowed) from None
    if not network.is_private or not 16 <= network.prefixlen <= 24:
        raise BadValue(f"cidr.{region}", value, allowed)
    return network
