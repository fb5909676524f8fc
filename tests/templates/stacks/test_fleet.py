"""The fleet: which regions get what, in which order, by roles that may do that and no more."""

from dataclasses import replace
from typing import Any

from templates.config.fleet import TIMESTREAM_REGIONS, Fleet
from templates.config.network import PER_REGION, Network
from templates.stacks.fleet import fleet as build_fleet
from tests.support.generated import Generated


def test_a_fleet_of_every_region_fits_a_template(fleet: Generated) -> None:
    """The fleet's template is deployed before there is a bucket for it, so inline: 51,200 characters without spaces."""
    tables: dict[str, Any] = {name: dict.fromkeys(TIMESTREAM_REGIONS, "") for name in PER_REGION}
    for number, region in enumerate(TIMESTREAM_REGIONS):
        tables["cidr"][region] = f"10.{number}.0.0/16"
        for name in ("ingest_cell", "query_cell"):
            tables[name][region] = f"cell{number + 1000}"
        for name in ("s3_prefix_list", "dynamodb_prefix_list"):
            tables[name][region] = f"pl-{number:017x}"
    private = replace(
        fleet.config,
        regions=TIMESTREAM_REGIONS,
        network=Network(mode="private", **tables),
        fleet=Fleet(),
    )
    assert len(build_fleet(private).to_json(indent=None, separators=(",", ":"))) < 51_200
