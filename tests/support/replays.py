"""A deployment whose alerts are replayed in tests."""

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from ops.replay.replay import Deployment

TIMING = Timing(interval_s=60, grace_s=10)
DEPLOYMENT = Deployment(TIMING, Origin("eu-west-1", "test"), 1_000, store_limits(30))
