"""`ops request show`: where each point of a request ended, by the id that its client was told."""

import argparse
from collections.abc import Sequence

from ops import stack, tables
from ops.console.place import Place
from ops.output import sanitize
from ops.period import period_s
from ops.regions import Regions
from ops.request_account.account import RequestAccount, State
from ops.request_account.ids import request_id
from ops.request_account.reading import read_account
from ops.request_account.words import Kept, document, lines
from ops.stack import Target

_BAD = frozenset({State.MISSING, State.UNKNOWN})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `request`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    showing = actions.add_parser("show", help="where each point of these requests ended")
    showing.add_argument(
        "requests",
        nargs="+",
        metavar="ID",
        help="as the client was told it, by the body or x-amz-apigw-id; with remote write by x-amzn-RequestId",
    )
    showing.add_argument(
        "--since", type=period_s, default="7d", metavar="PERIOD",
        help="that came in the last 15m, 1h, 7d … (default 7d)",
    )  # fmt: skip
    stack.add_options(showing, all_regions=True)
    tables.add_option(showing)
    showing.set_defaults(run=_show)


def _show(options: argparse.Namespace) -> int:
    """0 only if each request is known in a region, and none is missing."""
    ids = list(dict.fromkeys(map(request_id, options.requests)))
    regions = Regions(options)
    answers = [
        (target, account)
        for target, accounts in regions.ask(lambda target: _accounts(target, ids, options.since))
        for account in accounts
    ]
    shown = [
        (target, account)
        for position, (target, account) in enumerate(answers)
        if account.state is not State.UNKNOWN or not _is_known(account.request_id, answers, position)
    ]
    shown.sort(key=lambda answer: ids.index(answer[1].request_id))
    if options.format == "table":
        for position, (target, account) in enumerate(shown):
            kept = Kept(
                log_days=target.config.logs.retention_days,
                quarantine_days=target.config.store.quarantine_days,
                since_s=options.since,
            )
            if position:
                print()
            for line in lines(account, kept=kept):
                print(regions.prefix(target) + sanitize(line))
    else:
        rows = [(target, document(account)) for target, account in shown]
        columns = list(rows[0][1]) if rows else []
        tables.show(
            regions.columns(columns),
            [row for target, one in rows for row in regions.rows(target, [list(one.values())])],
            options.format,
        )
    return int(bool(regions.status) or not shown or any(account.state in _BAD for _, account in shown))


def _accounts(target: Target, ids: Sequence[str], since_s: float) -> list[RequestAccount]:
    place = Place(target)
    return [read_account(place, one, since_s=since_s) for one in ids]


def _is_known(name: str, answers: Sequence[tuple[Target, RequestAccount]], position: int) -> bool:
    """True if another region knows the request, or an earlier one does not know it either."""
    others = [
        (other, account.state is State.UNKNOWN)
        for other, (_, account) in enumerate(answers)
        if account.request_id == name and other != position
    ]
    return any(not unknown or other < position for other, unknown in others)
