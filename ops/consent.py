"""Consent of the operator before an account is changed."""

import argparse
import sys

from ops.errors import OperatorError


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that consents beforehand."""
    parser.add_argument(
        "--yes", action="store_true", help="do not ask before an account is changed (YES=1 with make)"
    )


def expect(options: argparse.Namespace, doing: str, *, always: bool = False) -> None:
    """Ask on the terminal whether an account may be changed; `doing` says how: "apply these rules".

    The local run is not asked for, unless `always` says so. OperatorError if the answer is no, or if there is nobody
    to ask.
    """
    if options.yes or (options.place.local and not always):
        return
    what = f"{doing} in {options.place.name}"
    if not sys.stdin.isatty():
        raise OperatorError(f"to {what} without a terminal that can be asked, add --yes (YES=1 with make)")
    print(f"{what}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise OperatorError("not confirmed, so nothing was done")
