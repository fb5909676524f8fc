"""The price of a run."""

import pytest

from local.cost import Usage, cost_line
from tests.support.bill import deployed


def test_a_run_is_priced_by_what_happened() -> None:
    """A million requests of one point in a million batches: requests, PUT units, invocations and write units."""
    million = Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000)
    assert million.dollars(deployed("dev")) == pytest.approx(3.5 + 0.014 + 0.2 + 0.5)
    assert Usage(0, 0, 1_000_000, 1).dollars(deployed("dev")) == pytest.approx(0.05 * 0.5 + 0.2e-6)


def test_the_line_says_what_stands_by_the_hour() -> None:
    """What stands costs as much without a run."""
    line = cost_line(Usage(20, 19, 1900, 7), deployed("dev"))
    assert line.startswith("$0.000119 on AWS (requests=20, records=19, batches=7), and $0.02")
    assert "\n" not in line
