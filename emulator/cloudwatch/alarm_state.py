"""The state of an alarm from its datapoints: M of the last N, and what to make of missing ones.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from collections.abc import Sequence
from typing import Final

OK: Final = "OK"
ALARM: Final = "ALARM"
INSUFFICIENT_DATA: Final = "INSUFFICIENT_DATA"

EXTRA_PERIODS: Final = 2
"""So many periods more than those that are judged are looked at for datapoints, as AWS's own examples do."""


def state(
    breaching: Sequence[bool | None], *, of: int, to_alarm: int, missing: str, before: str = INSUFFICIENT_DATA
) -> str:
    """The state after these datapoints, the oldest first, each breaching or not, or None if it is missing.

    `of` is how many periods are judged and `to_alarm` how many of them must breach; `missing` is the alarm's
    TreatMissingData and `before` its state until now.
    """
    there = [point for point in breaching if point is not None][-of:]
    breaches = sum(there)
    if len(there) == of or missing == "notBreaching":
        return ALARM if breaches >= to_alarm else OK
    if missing == "breaching":
        return ALARM if breaches + of - len(there) >= to_alarm else OK
    if not there:
        return before if missing == "ignore" else INSUFFICIENT_DATA
    if breaches >= to_alarm:
        return ALARM
    if False in there:
        return OK
    # Only breaching ones are there, fewer than it takes: an alarm if the first of them is old enough.
    old_enough = len(breaching) - breaching.index(True) >= to_alarm
    return ALARM if old_enough and missing == "missing" else before
