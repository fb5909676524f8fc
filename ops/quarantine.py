"""`ops quarantine`: accepted points that could not be stored, with their reasons."""

import argparse
import re
import time

from ops import stack
from ops.output import counted, moment, print_table
from ops.quarantined.points import Reading, grouped, read_points

_SHOWN_POINTS = 50
_SINCE = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `quarantine`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = actions.add_parser(
        "list", help="the newest points, or their number by what they have in common"
    )
    stack.add_options(listing)
    listing.add_argument(
        "--since", type=_period_s, default="1h", metavar="PERIOD", help="such as 15m, 1h or 7d (default 1h)"
    )
    listing.add_argument("--by", choices=("reason", "client", "metric"), help="count instead of listing")
    listing.set_defaults(run=_list)


def _list(options: argparse.Namespace) -> int:
    reading = _read(options)
    if options.by:
        rows = (
            (group.value or "–", group.points, moment(group.newest.arrived_s), group.newest.message)
            for group in grouped(reading.points, options.by)
        )
        print_table((options.by, "points", "newest", "for example"), rows)
    else:
        print_table(
            ("arrived", "reason", "metric", "field", "message", "request"),
            (
                (
                    moment(point.arrived_s),
                    point.reason,
                    point.metric,
                    point.field,
                    point.message,
                    point.request_id,
                )
                for point in reading.points[:_SHOWN_POINTS]
            ),
        )
    print(f"({counted(len(reading.points), 'point')})")
    return 0


def _read(options: argparse.Namespace) -> Reading:
    target = stack.find(options.environment, options.region)
    return read_points(
        target.client("s3"),
        target.output("QuarantineBucketName"),
        since_s=time.time() - options.since,
        span_s=target.config.writer.maximum_age_seconds,
    )


def _period_s(text: str) -> int:
    """Seconds of a period such as 15m; argparse tells the user of a ValueError's text."""
    match = _SINCE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number with s, m, h or d, such as 15m or 1h")
    return int(match[1]) * _SECONDS[match[2]]
