"""The price of a run on AWS: what its requests would have cost, and what stands by the hour."""

from dataclasses import dataclass

from ops.bill.bill import bill
from ops.bill.load import HOURS, Load
from ops.bill.prices import prices
from ops.bill.stores import writes
from ops.bill.template import Deployed


@dataclass(frozen=True, slots=True)
class Usage:
    """The units of a run: requests, those that became records, their points, and the writer's batches."""

    requests: int
    records: int
    points: int
    batches: int

    def dollars(self, deployed: Deployed) -> float:
        """The price of them: a record of up to 25 KB is one PUT unit, a batch takes at least a write of the store."""
        units = {
            "api_request": self.requests,
            "kinesis_put_unit": self.records,
            "lambda_request": self.batches,
            **writes(deployed, self.batches, self.points),
        }
        return sum(number * prices()[name].dollars for name, number in units.items())


def cost_line(usage: Usage, deployed: Deployed) -> str:
    """One line for the end of a run."""
    standing = bill(deployed, Load()).idle_monthly / HOURS
    happened = f"requests={usage.requests}, records={usage.records}, batches={usage.batches}"
    return (
        f"${usage.dollars(deployed):.6f} on AWS ({happened}), and ${standing:.3f} an hour for what stands: "
        "python -m ops cost"
    )
