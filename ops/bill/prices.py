"""The price table: list prices of us-east-1 without a free tier, each with its date and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

# The least that a query of Timestream's is billed, half a minute of four compute units:
# https://docs.aws.amazon.com/timestream/latest/developerguide/tcu.html
LEAST_QUERY_TCU_HOURS = 4 * 30 / 3600
# The least that a query of Athena's is billed: https://aws.amazon.com/athena/pricing/
LEAST_SCANNED_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit in US dollars; `confirmed` if AWS's own page was read on that date."""

    dollars: float
    unit: str
    date: date
    source: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """So many units of something in a month, at a price; `setting` is what changes it, empty if nothing does."""

    component: str
    what: str
    units: float
    price: float
    setting: str = ""

    @property
    def monthly(self) -> float:
        """US dollars in a month."""
        return self.units * self.price


@cache
def prices() -> Mapping[str, Price]:
    """Every price of the table, by its name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        name: Price(
            row["price"] / row.get("per", 1), row["unit"], row["date"], row["source"], row["confirmed"]
        )
        for name, row in table.items()
    }


def line(component: str, what: str, units: float, price: str, setting: str = "") -> Line:
    """A line at the price of this name."""
    return Line(component, what, units, prices()[price].dollars, setting)
