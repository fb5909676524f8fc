"""The regions of an environment: what is deployed in each, and whether it answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from ops import fleet
from ops.console.place import Places
from ops.errors import OperatorError
from ops.stack import NoStackError
from ops.stack_sets import Instance
from templates.config import Config


@dataclass(frozen=True, slots=True)
class ShownRegion:
    """A region: its version, the stack's state, the state in the fleet, its health in a word, and where to post.

    `deployed` is false where there is no stack, and then health says why.
    """

    region: str
    deployed: bool
    version: str
    stack: str
    in_fleet: str
    health: str
    ingest_url: str


def read_regions(places: Places, config: Config) -> Sequence[ShownRegion]:
    """The regions in the fleet's order, those that the file no longer names last."""
    return [_read(places, config, region, instance) for region, instance in fleet.regions(config)]


def _read(places: Places, config: Config, region: str, instance: Instance | None) -> ShownRegion:
    in_fleet = "–" if instance is None else f"{instance.status} {instance.detail}".strip()
    place = places.find(config.environment, region)
    try:
        found = place.stack()
        url = place.ingest_url()
    except NoStackError:
        return ShownRegion(region, False, "–", "none", in_fleet, "not deployed", "–")
    except OperatorError as error:
        return ShownRegion(region, False, "–", "unknown", in_fleet, str(error), "–")
    health, answer = fleet.health(url.removesuffix("/metrics") + "/health")
    version = found.get("Description", "").rpartition("version ")[2] or str(answer.get("version", "–"))
    return ShownRegion(region, True, version, found["StackStatus"], in_fleet, health, url)
