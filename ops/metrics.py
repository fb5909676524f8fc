"""`ops metrics`: which metrics there are, with their dimensions and last values, and the series of one."""

import argparse
import difflib

from ops import stack
from ops.catalogue import Catalogue
from ops.errors import OperatorError
from ops.output import print_rows
from ops.stack import Target

_NUMBER_OF_NAMES = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `metrics`."""
    stack.add_options(parser)
    parser.add_argument(
        "--within",
        default="1d",
        metavar="INTERVAL",
        help="what had a point in it, such as 1h or 7d (default 1d)",
    )
    parser.add_argument("--limit", type=int, default=1000, metavar="N", help="at most so many (default 1000)")
    parser.add_argument("metric", nargs="?", metavar="METRIC", help="list the series of this one")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    of = catalogue(stack.find(options.environment, options.region))
    dimensions = of.dimensions()
    if dimensions is None:
        raise OperatorError("no point has come yet, so there is no metric")
    if options.metric is None:
        rows = [
            (
                one.name,
                one.metric_type,
                ", ".join(one.dimensions),
                one.last.points,
                one.last.at,
                one.last.value,
            )
            for one in of.metrics(dimensions, within=options.within, limit=options.limit)
        ]
        print_rows(("metric", "type", "dimensions", "points", "last at", "last value"), rows)
        return 0
    found = of.series(options.metric, dimensions, within=options.within, limit=options.limit)
    if not found:
        names = {one.name for one in of.metrics((), within=options.within, limit=_NUMBER_OF_NAMES)}
        alike = difflib.get_close_matches(options.metric, names)
        meant = f"; did you mean {' or '.join(alike)}?" if alike else ""
        raise OperatorError(f"no point of {options.metric!r} came within {options.within}{meant}")
    own = sorted({name for one in found for name in one.dimensions})
    print_rows(
        (*own, "points", "last at", "last value"),
        [(*map(one.dimensions.get, own), one.last.points, one.last.at, one.last.value) for one in found],
    )
    return 0


def catalogue(target: Target) -> Catalogue:
    """The catalogue of a deployment's table; OperatorError if there is no such deployment."""
    outputs = target.outputs()
    return Catalogue(target.client("timestream-query"), outputs["DatabaseName"], outputs["TableName"])
