"""The price table: every price is dated, has a source, and is used."""

from datetime import date
from pathlib import Path

import pytest

from ops.bill.prices import prices

PACKAGE = Path(__file__).parents[3] / "ops" / "bill"


@pytest.mark.parametrize("name", sorted(prices()))
def test_each_price_has_a_date_and_a_source(name: str) -> None:
    """A price without them cannot be held against anything."""
    price = prices()[name]
    assert price.dollars > 0
    assert price.unit
    assert isinstance(price.date, date)
    assert price.source.startswith("https://")
    assert isinstance(price.confirmed, bool)


def test_each_price_is_used() -> None:
    """The table holds no price that the bill does not know."""
    code = (PACKAGE / "rules.toml").read_text(encoding="utf-8")
    assert not [name for name in prices() if f'"{name}"' not in code]
