"""The fleet's settings: what cannot be steered is refused."""

from dataclasses import replace

import pytest

from templates.config import BadValue, load
from templates.config.fleet import Fleet


@pytest.mark.parametrize(
    ("fleet_config", "said"),
    [
        (
            Fleet(canary="ap-south-1"),
            "fleet.canary = 'ap-south-1': expected one of regions: us-east-1, us-west-2",
        ),
        (Fleet(home="ap-south-1"), "fleet.home = 'ap-south-1'"),
        (
            Fleet(canary="us-west-2", concurrency="parallel"),
            "fleet.concurrency = 'parallel': expected sequential",
        ),
    ],
)
def test_a_fleet_that_cannot_be_steered_is_refused(fleet_config: Fleet, said: str) -> None:
    """Home and canary are regions of the environment, and a canary has regions to go before."""
    with pytest.raises(BadValue, match=said):
        replace(load("prod"), fleet=fleet_config)


def test_tolerance_is_all_or_nothing() -> None:
    """A region has one account, so CloudFormation goes on after each failure or after none."""
    with pytest.raises(BadValue, match="failure_tolerance = 2: expected a whole number from 0 to 1"):
        Fleet(failure_tolerance=2)
