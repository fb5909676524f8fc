"""`ops metrics`: which metrics there are, with their dimensions and last values, and the series of one."""

import argparse
from typing import Any

from ops import answers, hints, regions, stack, tables
from ops.answers import Answer
from ops.catalogue import Catalogue
from ops.errors import OperatorError
from ops.period import period_s
from ops.tables import Row

_KNOWN_METRICS = 10_000
_MOST = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `metrics`."""
    stack.add_options(parser, all_regions=True)
    tables.add_option(parser)
    parser.add_argument(
        "--within",
        type=_interval,
        default="1d",
        metavar="INTERVAL",
        help="what had a point in it, such as 1h or 7d (default 1d)",
    )
    parser.add_argument(
        "--limit", type=_number, default=1000, metavar="N", help="at most so many (default 1000)"
    )
    parser.add_argument("metric", nargs="?", metavar="METRIC", help="list the series of this one")
    parser.set_defaults(run=_run, plot=False)


def _run(options: argparse.Namespace) -> int:
    bounds = {"within": options.within, "limit": options.limit}
    if options.metric is None:
        names = ("metric", "type", "dimensions", "points", "last at", "last value")
        return regions.show(
            options, names, lambda target: _metrics(Catalogue(target.store()), bounds), noun="metric"
        )
    return answers.show(
        options,
        lambda target: _series(Catalogue(target.store()), options.metric, bounds),
        noun="series",
    )[0]


def _metrics(of: Catalogue, bounds: dict[str, Any]) -> list[Row]:
    return [
        (one.name, one.metric_type, ", ".join(one.dimensions), one.last.points, one.last.at, one.last.value)
        for one in of.metrics(_dimensions(of), **bounds)
    ]


def _series(of: Catalogue, metric: str, bounds: dict[str, Any]) -> Answer:
    """Columns and rows; OperatorError, with the names alike, if the metric has no series."""
    found = of.series(metric, _dimensions(of), **bounds)
    if not found:
        known = [one.name for one in of.metrics((), within=bounds["within"], limit=_KNOWN_METRICS)]
        alike = hints.alike_to(metric, known)
        meant = f"; {hints.did_you_mean(alike)}" if alike else ""
        raise OperatorError(f"no point of {metric!r} came within {bounds['within']}{meant}")
    own = sorted({name for one in found for name in one.dimensions})
    rows = [(*map(one.dimensions.get, own), one.last.points, one.last.at, one.last.value) for one in found]
    return [*own, "points", "last at", "last value"], rows


def _interval(text: str) -> str:
    """An interval, checked; the SQL of the catalogue holds it."""
    period_s(text)
    return text


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 to {_MOST}")
    return int(text)


def _dimensions(of: Catalogue) -> list[str]:
    found = of.dimensions()
    if found is None:
        raise OperatorError("no point has come yet, so there is no metric")
    return found
