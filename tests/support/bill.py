"""An environment as a bill reads it."""

from functools import cache

from ops.bill.template import Deployed
from tests.support.generated import generated


@cache
def deployed(name: str) -> Deployed:
    """An environment's templates."""
    bodies = {one.stack: one.body for one in generated() if one.config.environment == name}
    return Deployed(bodies["regional"], bodies["fleet"], 1)
