"""The fleet: which regions get what, in which order, by roles that may do that and no more."""

import json
from dataclasses import replace

from ops.rollout import _before_upload
from templates.config.fleet import STORE_REGIONS, Fleet
from tests.support.generated import Generated, build, in_private_mode


def test_a_fleet_of_every_region_fits_a_template(fleet: Generated) -> None:
    """With all private regions of its store, and ten long tags, what is sent before there is a bucket fits inline.

    That is 51,200 bytes. The whole goes by the bucket then, where a template may have a megabyte.
    """
    tags = {f"tag-{number}-{'k' * 50}": "v" * 150 for number in range(10)}
    config = replace(
        fleet.config,
        regions=STORE_REGIONS[fleet.config.store.kind],
        fleet=Fleet(),
        tags=tags,
        network=type(fleet.config.network)(),
    )
    whole = build("fleet", in_private_mode(config)).body
    assert len(json.dumps(_before_upload(whole, None), separators=(",", ":"))) < 51_200
    assert len(json.dumps(whole, separators=(",", ":"))) < 1_000_000
