"""`python -m ops cost`: what a month of an environment costs, from its generated templates; no account is asked."""

import argparse
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ops import stack, tables
from ops.bill.bill import REFERENCE_POINTS_PER_SECOND, Bill, bill, total
from ops.bill.load import Load
from ops.bill.prices import prices
from ops.bill.rules import ELSEWHERE
from ops.bill.template import Deployed
from templates.config import Config
from templates.stacks import STACKS

_DOMINANT = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.description = (
        "The bill of one region in a month, idle and under a steady load, at list prices of us-east-1."
    )
    stack.add_options(parser, region=False, offline=True)
    parser.add_argument(
        "--points-per-second", type=_from(0), default=0.0, metavar="N", help="default: 0, which is idle"
    )
    parser.add_argument(
        "--request-points",
        type=_from(1, whole=True),
        default=100,
        metavar="N",
        help="points to a request (default: 100)",
    )
    parser.add_argument(
        "--groups",
        type=_from(0, whole=True),
        default=0,
        metavar="N",
        help="groups of all alert rules (default: 0)",
    )
    parser.add_argument(
        "--queries-per-day",
        type=_from(0),
        default=0.0,
        metavar="N",
        help="queries of people, each about an hour",
    )
    parser.add_argument(
        "--clients",
        type=_from(0, whole=True),
        default=10,
        metavar="N",
        help='clients with tokens, where api.auth = "token" (default: 10)',
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the bill."""
    config = stack.settings(options.environment)
    wanted = Load(
        options.points_per_second,
        options.request_points,
        options.groups,
        options.queries_per_day,
        options.clients,
    )
    priced = bill(deployed(config), wanted)
    if options.format == "json":
        print(json.dumps(as_json(priced), indent=2))
    else:
        _print(priced, config)
    return 0


def deployed(config: Config) -> Deployed:
    """The environment's templates as they would be deployed."""
    return Deployed(
        STACKS["regional"](config).to_dict(), STACKS["fleet"](config).to_dict(), len(config.regions)
    )


def as_json(priced: Bill) -> Mapping[str, Any]:
    """The bill as scripts read it: the lines are those of the load, and add up to its month."""
    fields = ("component", "what", "units", "price", "monthly")
    lines = [{field: getattr(line, field) for field in fields} for line in priced.lines]
    return {"idle_monthly": priced.idle_monthly, "per_million_metrics": priced.per_million, "lines": lines}


def _print(priced: Bill, config: Config) -> None:
    busy = priced.load.active
    idle = {(line.component, line.what): line.monthly for line in priced.idle}
    keys = [(line.component, line.what) for line in priced.lines]
    gone = [line for line in priced.idle if (line.component, line.what) not in keys]
    rows = [
        (
            line.component,
            line.what,
            f"{line.units:,.4g}" if line.units < 1000 else f"{line.units:,.0f}",
            f"${line.price:.10f}".rstrip("0").rstrip("."),
            f"{idle.get((line.component, line.what), 0.0):.2f}",
            *([f"{line.monthly:.2f}"] if busy else []),
            line.setting,
        )
        for line in priced.lines
    ]
    rows += [
        (line.component, line.what, "0", "", f"{line.monthly:.2f}", *(["0.00"] if busy else []), line.setting)
        for line in gone
    ]
    load_column = [f"at {priced.load.points_per_second:g}/s"] if busy else []
    names = ["component", "what", "units", "each", "idle $", *load_column, "changed by"]
    tables.show(names, rows, noun="", wrap=True)
    print()
    for component in sorted({line.component for line in priced.lines}):
        of_it = [line for line in priced.lines if line.component == component]
        standing = [line for line in priced.idle if line.component == component]
        print(
            f"{component:<14} ${total(standing):>9.2f} idle" + (f"  ${total(of_it):>10.2f}" if busy else "")
        )
    print()
    print(
        f"idle                 ${priced.idle_monthly:,.2f} a month for each of {len(config.regions)} region(s)"
    )
    if busy:
        print(f"at {priced.load.points_per_second:g} points/s  ${priced.monthly:,.2f} a month")
    at = priced.load.points_per_second or REFERENCE_POINTS_PER_SECOND
    print(f"a million points     ${priced.per_million:,.4f} more, at {at:g} a second")
    for line in sorted(priced.lines, key=lambda line: -line.monthly)[:_DOMINANT]:
        setting = f"; changed by {line.setting}" if line.setting else ""
        print(f"{line.monthly / priced.monthly:>4.0%} is {line.component}: {line.what}{setting}")
    for kind in sorted(kind for kind in priced.kinds & set(ELSEWHERE) if "$" in ELSEWHERE[kind]):
        print(f"not in the sum: {kind}, {ELSEWHERE[kind]}")
    unconfirmed = sum(not price.confirmed for price in prices().values())
    print(
        f"\nList prices of us-east-1 without a free tier, of {max(price.date for price in prices().values())}; "
        f"{unconfirmed} of {len(prices())} were not read on AWS's own page: ops/bill/prices.toml"
    )


def _from(least: int, *, whole: bool = False) -> Callable[[str], float]:
    """A parser of numbers from `least` up."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least and (value.is_integer() or not whole)):
            noun = "whole number" if whole else "number"
            raise argparse.ArgumentTypeError(f"{text!r}: expected a {noun} from {least} up")
        return int(value) if whole else value

    return parse
