"""`ops store copy`: what it is asked, what it says, and the order of it all."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from handlers.domain.exports.hour import Hour
from ops import consent, tables
from ops.bill.prices import LEAST_QUERY_TCU_HOURS, prices
from ops.errors import OperatorError, refusals
from ops.output import counted, sanitize
from ops.store_copy.copying import HourCopier
from ops.store_copy.ends import Ends, find_ends
from ops.store_copy.names import LakeNames
from ops.store_copy.plan import Plan, make_plan
from ops.store_copy.verifying import count_both
from ops.tables import Coloured

# After so many hours in a row the reason is not an hour's.
_FAILURES = 3


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `store`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    copy = actions.add_parser(
        "copy", help="copy the points of a Timestream environment into a lake beside it"
    )
    copy.set_defaults(run=_copy, offline=False, waits=False, every_region=False)
    # The place that is said first is the source's; the lake is in the same account and region.
    copy.add_argument(
        "--from",
        dest="environment",
        required=True,
        metavar="NAME",
        help="the environment that has the points",
    )
    copy.add_argument("--to", dest="lake", required=True, metavar="NAME", help="the environment of the lake")
    copy.add_argument("--region", metavar="REGION", help="default: AWS_REGION, then the first of --from")
    copy.add_argument(
        "--since", metavar="HOUR", help="from this hour, such as 2026-11-21T00 (default: the oldest)"
    )
    copy.add_argument("--until", metavar="HOUR", help="to this hour, included (default: the current one)")
    copy.add_argument("--verify", action="store_true", help="copy nothing, only count at both ends")
    tables.add_option(copy)
    consent.add_option(copy)


def _copy(options: argparse.Namespace) -> int:
    now_s = time.time()
    since = _hour(options.since) if options.since else None
    # Clients may be a quarter of an hour ahead.
    until = _hour(options.until) if options.until else Hour.containing(now_s).plus(1)
    if since is not None and until < since:
        raise OperatorError(f"the range ends ({until}) before it begins ({since})")
    ends = find_ends(options.environment, options.lake, options.region)
    dimensions = ends.source_store.dimensions()
    if dimensions is None:
        _say(f"{ends.source.stack_name} has no points yet")
        return 0
    names = LakeNames(ends.lake)
    names.missing(dimensions)
    plan = make_plan(ends.source_store, since, until, ends.first_kept(now_s))
    _say_too_old(ends, plan)
    if not options.verify:
        with refusals("cannot read how far the copy is"):
            states = ends.state.read_all(plan.kept)
        due = {hour: points for hour, points in plan.kept.items() if not states[hour].has(points)}
        _say(f"{counted(len(plan.kept) - len(due), 'hour')} copied before, {_hours(due)} to copy")
        if due:
            _expect_consent(options, ends, due)
            names.admit(dimensions)
            _copy_hours(due, HourCopier(ends, dimensions).copy)
    return _show_counts(options, ends, plan)


def _copy_hours(due: Mapping[Hour, int], copy: Callable[[Hour, int], object]) -> None:
    """Copy hours one after the other and say how each went; the next run tries those again that failed."""
    failures = 0
    for hour, points in due.items():
        try:
            copy(hour, points)
        except OperatorError as error:
            _say(f"{hour}: {error}")
            failures += 1
            if failures == _FAILURES:
                _say(
                    f"{failures} hours in a row failed: when that is mended, the same command goes on from here"
                )
                return
        else:
            _say(f"{hour}: {counted(points, 'point')}")
            failures = 0


def _show_counts(options: argparse.Namespace, ends: Ends, plan: Plan) -> int:
    """Count at both ends and show it; 1 if the lake lacks any point of the plan's hours."""
    found = list(count_both(ends, plan.kept))
    rows = [
        (str(one.hour), one.source, one.lake, "whole" if one.is_whole else Coloured("differs", "red"))
        for one in found
    ]
    tables.show(("hour", "source", "lake", "state"), rows, options.format, noun="hour")
    lacking = [one for one in found if not one.is_whole]
    if lacking:
        _say(
            f"the lake lacks {counted(sum(one.source - one.lake for one in lacking), 'point')} of "
            f"{counted(len(lacking), 'hour')}; the same command without --verify copies them"
        )
    return int(bool(lacking))


def _expect_consent(options: argparse.Namespace, ends: Ends, due: Mapping[Hour, int]) -> None:
    dollars = len(due) * LEAST_QUERY_TCU_HOURS * prices()["timestream_compute"].dollars
    consent.expect(
        options,
        f"copy {_hours(due)} from {ends.source.stack_name} to {ends.lake.stack_name}, {ends.source.region}, by an "
        f"UNLOAD each, ${dollars:.2f} of Timestream's at least,",
    )


def _say_too_old(ends: Ends, plan: Plan) -> None:
    if plan.too_old:
        _say(
            f"{_hours(plan.too_old)} stay behind, {min(plan.too_old)} to {max(plan.too_old)}: older than the "
            f"{ends.lake.config.store.days_kept} days that {ends.lake.config.environment} keeps "
            "(store.retention_days)"
        )


def _hours(hours: Mapping[Hour, int]) -> str:
    return f"{counted(len(hours), 'hour')} with {counted(sum(hours.values()), 'point')}"


def _say(text: str) -> None:
    print(sanitize(text), file=sys.stderr, flush=True)


def _hour(text: str) -> Hour:
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise OperatorError(str(error)) from error
