"""An environment as a bill reads it."""

from functools import cache

from ops.bill.template import Deployed
from tests.support.generated import build, generated, lake_config


@cache
def deployed(name: str) -> Deployed:
    """An environment's templates; `lake` is one whose store is the lake."""
    if name == "lake":
        config = lake_config()
        return Deployed(build("regional", config).body, build("fleet", config).body, 1)
    bodies = {one.stack: one.body for one in generated() if one.config.environment == name}
    return Deployed(bodies["regional"], bodies["fleet"], 1)
