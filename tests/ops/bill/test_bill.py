"""The bill adds up, whatever the load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.bill.bill import REFERENCE_POINTS_PER_SECOND, bill, total
from ops.bill.load import SECONDS, Load
from ops.bill.template import Deployed
from tests.support.bill import deployed

LOADS = st.builds(
    Load,
    points_per_second=st.one_of(st.just(0.0), st.floats(0.001, 20_000)),
    request_points=st.integers(1, 1000),
    groups=st.integers(0, 10_000),
    queries_per_day=st.floats(0, 1000),
    clients=st.integers(0, 10_000),
)


@given(LOADS, st.sampled_from(["dev", "prod", "other", "lake", "prodtok"]))
def test_a_month_is_what_stands_and_what_the_points_add(load: Load, name: str) -> None:
    """The lines sum to the idle month and the price of a million for each million points."""
    priced = bill(deployed(name), load)
    millions = load.points_per_second * SECONDS / 1e6
    assert priced.monthly == pytest.approx(priced.idle_monthly + priced.per_million * millions)
    assert priced.monthly == sum(line.units * line.price for line in priced.lines)
    assert all(line.units > 0 and line.price > 0 for line in priced.lines)
    assert priced.per_million > 0


@given(LOADS)
def test_each_line_is_there_once(load: Load) -> None:
    """A line is known by its component and text."""
    for name in ("prod", "lake"):
        names = [(line.component, line.what) for line in bill(deployed(name), load).lines]
        assert len(names) == len(set(names))


def test_without_a_load_a_million_points_is_priced_at_a_hundred_a_second() -> None:
    """What stands does not depend on the load; the price of a million does."""
    idle = bill(deployed("dev"), Load())
    assert idle.monthly == idle.idle_monthly == total(idle.idle)
    assert idle.per_million == bill(deployed("dev"), Load(REFERENCE_POINTS_PER_SECOND)).per_million
    assert idle.idle_monthly == bill(deployed("dev"), Load(1000)).idle_monthly


def test_what_regions_share_is_divided_by_them() -> None:
    """One dashboard shows all regions; one region alone needs no fleet, and has none."""
    alone = deployed("prod")
    [two, four] = [Deployed(alone.regional, alone.fleet, regions) for regions in (2, 4)]
    assert bill(two, Load()).idle_monthly - bill(four, Load()).idle_monthly == pytest.approx(0.75)
    assert bill(two, Load()).idle_monthly - bill(alone, Load()).idle_monthly == pytest.approx(1.5)


@pytest.mark.parametrize(("name", "most"), [("dev", 22), ("prod", 41)])
def test_an_idle_month_stays_within_what_the_readme_says(name: str, most: float) -> None:
    """A new alarm, metric or resource that takes more needs a decision; also with the whole dashboard."""
    assert bill(deployed(name), Load()).idle_monthly + 3 < most


def test_an_idle_lake_costs_less_than_fifteen_dollars() -> None:
    """With its stream; one region alone has no dashboard, and no heartbeat."""
    assert bill(deployed("lake"), Load()).idle_monthly < 15


def test_a_client_with_a_token_costs_less_than_a_cent_while_it_sends() -> None:
    """Where clients have none, their number changes nothing, and neither does it where nobody sends."""
    few, many = Load(100, clients=10), Load(100, clients=110)
    one = (bill(deployed("prodtok"), many).monthly - bill(deployed("prodtok"), few).monthly) / 100
    assert 0.001 < one < 0.01
    assert bill(deployed("dev"), many).monthly == bill(deployed("dev"), few).monthly
    assert bill(deployed("prodtok"), Load(clients=9_999)).lines == bill(deployed("prodtok"), Load()).lines
