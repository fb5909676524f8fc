"""A line of the bill."""

from dataclasses import dataclass

from ops.bill.prices import prices


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


def line(component: str, what: str, units: float, price: str, setting: str = "") -> Line:
    """A line at the price of this name."""
    return Line(component, what, units, prices()[price].dollars, setting)
