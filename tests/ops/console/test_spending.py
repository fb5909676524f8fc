"""Costs of the console's own questions."""

import pytest

from ops.bill.prices import LEAST_QUERY_TCU_HOURS
from ops.console.pages import explore
from ops.console.spending import Spending


def test_a_query_costs_about_two_cents() -> None:
    """By its least compute time, and a figure of CloudWatch by the thousand."""
    spending = Spending()
    spending.asked()
    spending.billed("timestream_compute", LEAST_QUERY_TCU_HOURS)
    assert 0.01 < spending.dollars < 0.03
    before = spending.dollars
    spending.read_metrics(1000)
    assert spending.dollars - before == pytest.approx(0.01)


def test_nobody_clicked_for_more_than_one_a_minute() -> None:
    """In an account; a local run costs nothing."""
    clock = [100.0]
    spending = Spending(lambda: clock[0])
    assert spending.may_query(local=False)
    spending.asked()
    clock[0] += 59
    assert not spending.may_query(local=False)
    assert spending.may_query(local=True)
    clock[0] += 1
    assert spending.may_query(local=False)


def test_a_live_chart_of_an_account_asks_each_time_its_page_is_refreshed() -> None:
    """The minute begins when a query is asked, a moment after the refresh that asked it."""
    now = 0.0
    spending = Spending(clock=lambda: now)
    for refreshed in range(3):
        now = refreshed * explore._ACCOUNT_S
        assert spending.may_query(local=False)
        now += 1.0
        spending.asked()
