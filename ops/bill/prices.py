"""The price table: list prices of us-east-1 without a free tier, each with its date and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit in US dollars; `confirmed` if AWS's own page was read on that date."""

    dollars: float
    unit: str
    date: date
    source: str
    confirmed: bool


@cache
def prices() -> Mapping[str, Price]:
    """Every price of the table, by its name."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        name: Price(
            row["price"] / row.get("per", 1), row["unit"], row["date"], row["source"], row["confirmed"]
        )
        for name, row in table.items()
    }
