"""Costs of the console's own questions."""

import pytest

from ops.console.spending import Spending


def test_a_query_costs_about_two_cents() -> None:
    """By its least compute time, and a figure of CloudWatch by the thousand."""
    spending = Spending()
    spending.query()
    assert 0.01 < spending.dollars < 0.03
    before = spending.dollars
    spending.read_metrics(1000)
    assert spending.dollars - before == pytest.approx(0.01)


def test_nobody_clicked_for_more_than_one_a_minute() -> None:
    """In an account; a local run costs nothing."""
    clock = [100.0]
    spending = Spending(lambda: clock[0])
    assert spending.may_query(local=False)
    spending.query()
    clock[0] += 59
    assert not spending.may_query(local=False)
    assert spending.may_query(local=True)
    clock[0] += 1
    assert spending.may_query(local=False)
