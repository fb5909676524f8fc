"""The network that the functions run in, if they have one of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from handlers.vocabulary import TIMESTREAM
from templates.config.checks import BadValue, Check, Section, list_of, one_of, setting, table_of, text
from templates.config.fleet import REGION, REGIONS

CIDR = text(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}", "an address range such as 10.0.0.0/16")
CELL = text(r"cell[0-9]{1,4}", "a Timestream cell such as cell1")
ZONES = list_of(text(r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]", "a zone such as us-east-1a"), least=2, most=2)
_CELLS = ("ingest_cell", "query_cell")
PREFIX_LIST = text(r"pl-[0-9a-f]{8,17}", "the id of a prefix list, pl-…")


def _per_region(value: Check, about: str) -> Any:
    table = table_of(REGION, value, most=len(REGIONS))
    return field(default_factory=dict, metadata={"check": table, "of_a_region": value, "about": about})


@dataclass(frozen=True)
class Network(Section):
    """The network that the functions run in, and what each region's takes if it is private.

    Cells and prefix lists are AWS's to assign; `python -m ops fleet network` asks for them. The lake has no
    cells. Zones are needed only where an endpoint's service is not in both of a region's first two.
    """

    mode: str = setting(one_of(("public", "private")), "public", about="private: the functions in a VPC")
    cidr: Mapping[str, str] = _per_region(CIDR, "the VPC's addresses")
    ingest_cell: Mapping[str, str] = _per_region(CELL, "Timestream's cell for writing")
    query_cell: Mapping[str, str] = _per_region(CELL, "Timestream's cell for queries")
    s3_prefix_list: Mapping[str, str] = _per_region(PREFIX_LIST, "S3's addresses")
    dynamodb_prefix_list: Mapping[str, str] = _per_region(PREFIX_LIST, "DynamoDB's addresses")
    zones: Mapping[str, tuple[str, str]] = _per_region(ZONES, "the zones of the endpoints")

    def _faults(self) -> Iterator[BadValue]:
        ranges = {region: _private_range(value) for region, value in self.cidr.items()}
        for region, value in self.cidr.items():
            if ranges[region] is None:
                allowed = "a private range of /16 to /24 whose host bits are zero"
                yield BadValue(f"cidr.{region}", value, allowed)
        sound = [(region, found) for region, found in sorted(ranges.items()) if found]
        for (one, first), (other, second) in combinations(sound, 2):
            if first.overlaps(second):
                yield BadValue(f"cidr.{other}", str(second), f"a range apart from {one}'s {first}")

    @property
    def private(self) -> bool:
        """True if the functions run in a VPC."""
        return self.mode == "private"

    def region_faults(self, regions: tuple[str, ...], store_kind: str) -> Iterator[BadValue]:
        """The faults if a region lacks something that the private mode takes, or has a cell without a use."""
        given = {one.name: one.metadata.get("of_a_region") for one in fields(self)}
        if store_kind != TIMESTREAM:
            for name in _CELLS:
                del given[name]
                if cells := getattr(self, name):
                    yield BadValue(
                        name, dict(cells), f"nothing, as the store of kind {store_kind} has no cells"
                    ).below("network")
        if self.private:
            for region in regions:
                for name, value in given.items():
                    if value and (name != "zones" or self.zones) and region not in getattr(self, name):
                        yield BadValue(
                            f"network.{name}.{region}", None, f"{value.allowed}, with mode private"
                        )


def _private_range(value: str) -> IPv4Network | None:
    """The range, if it is one that a VPC may have."""
    try:
        network = IPv4Network(value)
    except ValueError:
        return None
    return network if network.is_private and 16 <= network.prefixlen <= 24 else None
