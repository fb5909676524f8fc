"""`ops clients`: the clients that may post with a token, in every region of an environment."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

from handlers.domain.clients.token import CLIENT_NAME
from ops import consent, hints, stack, tables, token_output
from ops.client_points import COUNTS, Counts, points_of_clients
from ops.client_regions import ClientRegions, clients_of, missing
from ops.client_tokens import ClientToken, Tokens, TokenTable, forget_verdicts, new_token, token_of_client
from ops.errors import OperatorError
from ops.output import counted, moment
from ops.period import period_s
from ops.stack import Target
from ops.tables import Row

# What is over at once is over for functions whose clocks differ, too.
_AT_ONCE_S = -60


class _OneRegion(argparse.Action):
    """One region instead of all."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, _option: Any = None) -> None:
        namespace.region, namespace.every_region = values, False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `clients`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("add", _add, "let a client post: shows its token, this once"),
        ("list", _list, "the clients, and until when their tokens are valid"),
        ("rotate", _rotate, "give a client another token; the old one is valid for a while"),
        ("revoke", _revoke, "refuse a client from now on, whatever token it has"),
        ("sync", _sync, "bring the tokens of each region to the others, as to a new one"),
    ):
        action = actions.add_parser(name, help=text)
        stack.add_options(action, region=False)
        action.add_argument(
            "--region", action=_OneRegion, metavar="REGION", help="one alone (default: every one)"
        )
        if name not in {"list", "sync"}:
            action.add_argument("client", metavar="NAME", type=_client, help="such as edge-7")
        if name in {"add", "rotate"}:
            token_output.add_option(action)
        if name == "rotate":
            action.add_argument(
                "--overlap",
                type=period_s,
                default="24h",
                metavar="PERIOD",
                help="how long the old token stays valid, such as 24h (the default), 7d or 0s",
            )
        if name == "list":
            tables.add_option(action)
            action.add_argument(
                "--since",
                type=period_s,
                default="1d",
                metavar="PERIOD",
                help="whose points are counted, such as 1h or 7d (default 1d)",
            )
        else:
            consent.add_option(action)
        action.set_defaults(run=run)


def _client(name: str) -> str:
    if not CLIENT_NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(
            f"{name!r}: expected 1 to 64 lower-case letters, digits, dots, dashes and underscores, "
            "the first a letter or a digit"
        )
    return name


def _add(options: argparse.Namespace) -> int:
    name, regions = options.client, ClientRegions(options)
    tokens = regions.read()
    taken = [region for region, found in tokens.items() if found.of(name)]
    if taken:
        raise OperatorError(
            f"there is a client {name} already, in {', '.join(taken)}: "
            f"`ops clients rotate {name}` gives it another token, `ops clients sync` brings it to other regions"
        )
    consent.expect(options, f"add client {name} of {options.environment} in {regions.names}")
    with token_output.output(options.output) as show:
        _give(regions, tokens, name, show)
    _say(f"client {name} may post in {regions.names}; its token is shown this once, and kept nowhere")
    return 0


def _rotate(options: argparse.Namespace) -> int:
    name, regions = options.client, ClientRegions(options)
    tokens = regions.read()
    _expect_known(name, tokens)
    overlap_s = options.overlap or _AT_ONCE_S
    consent.expect(options, f"rotate the token of client {name} of {options.environment} in {regions.names}")
    with token_output.output(options.output) as show:
        _give(regions, tokens, name, show)
    for region, found in tokens.items():
        ends_at_s = found.now_s + overlap_s
        old = [one for one in found.of(name) if one.expires_at_s is None or one.expires_at_s > ends_at_s]
        regions.change(region, partial(_end, tokens=old, at_s=ends_at_s))
    if not options.overlap:
        regions.ask(lambda target, _: forget_verdicts(target))
    _say(f"client {name} has another token in {regions.names}, shown this once, and kept nowhere")
    if regions.failed:
        raise OperatorError(
            f"the old token stays valid in {', '.join(regions.failed)}; once they answer: python -m ops clients sync"
        )
    until_s = max(found.now_s for found in tokens.values()) + overlap_s
    _say(f"the old one is {f'valid until {moment(until_s)} UTC' if options.overlap else 'over'}")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    name, regions = options.client, ClientRegions(options)
    consent.expect(options, f"refuse client {name} of {options.environment} in {regions.names} from now on")

    def refuse(target: Target, table: TokenTable) -> Tokens:
        held = table.read()
        # In this order: what API Gateway asks for once its cache is empty must be over by then.
        _end(table, held.of(name), held.now_s + _AT_ONCE_S)
        forget_verdicts(target)
        return held

    done = regions.ask(refuse)
    held_in = [region for region, held in done.items() if held.of(name)]
    if held_in:
        _say(f"client {name} is refused in {', '.join(held_in)}")
    if regions.failed:
        raise OperatorError(
            f"client {name} may still post in {', '.join(regions.failed)}; once they answer, revoke it again"
        )
    for region, held in done.items():
        # While a region has them valid, `sync` must find that they are over.
        own = [one for one in held.every if one.client == name]
        regions.change(region, partial(TokenTable.delete, tokens=own))
    if not held_in:
        _expect_known(name, done)
    return 0


def _sync(options: argparse.Namespace) -> int:
    regions = ClientRegions(options)
    tokens = regions.read()
    lacking = {region: found for region, found in missing(tokens).items() if found}
    for region, found in lacking.items():
        names = sorted({one.client for one in found})
        print(f"{region}: {counted(len(found), 'token')} of {', '.join(names)}")
    if not lacking:
        print(f"{regions.names}: {counted(len(clients_of(tokens)), 'client')}, the same everywhere")
        return 0
    consent.expect(options, f"bring these tokens of {options.environment} there")
    for region, found in lacking.items():
        held = {one.hashed for one in tokens[region].every}
        regions.change(region, partial(_bring, tokens=found, held=held))
    return int(bool(regions.failed))


def _list(options: argparse.Namespace) -> int:
    regions = ClientRegions(options)
    points = regions.ask(lambda target, _: points_of_clients(target, options.since))
    tokens = regions.read_some()
    columns = ("client", "tokens", "newest of", "oldest until", "regions", *COUNTS)
    rows = (_row(name, tokens, points) for name in _named(tokens, points))
    tables.show(columns, rows, options.format, noun="client")
    return int(bool(regions.failed))


def _named(tokens: Mapping[str, Tokens], points: Mapping[str, Mapping[str, Counts]]) -> list[str]:
    """The clients that have a token, and those that had one when they posted."""
    return sorted({*clients_of(tokens), *(name for counts in points.values() for name in counts)})


def _row(name: str, tokens: Mapping[str, Tokens], points: Mapping[str, Mapping[str, Counts]]) -> Row:
    own = {one.hashed: one for found in tokens.values() for one in found.of(name)}.values()
    first_end_s = min((one.expires_at_s for one in own if one.expires_at_s is not None), default=None)
    there = [region for region, found in tokens.items() if found.of(name)]
    return (
        name,
        len(own),
        moment(max(one.created_at_s for one in own)) if own else None,
        None if first_end_s is None else moment(first_end_s),
        "all" if len(there) == len(tokens) else ", ".join(there),
        *(
            sum(counts[name][place] for counts in points.values() if name in counts)
            for place in range(len(COUNTS))
        ),
    )


def _give(
    regions: ClientRegions, tokens: Mapping[str, Tokens], name: str, show: Callable[[str], None]
) -> None:
    """Add a new token of a client in every region, and show it."""
    token = new_token()
    regions.add(token_of_client(name, token, max(found.now_s for found in tokens.values())))
    show(token)


def _end(table: TokenTable, tokens: Sequence[ClientToken], at_s: int) -> None:
    for token in tokens:
        table.end(token, at_s)


def _bring(table: TokenTable, tokens: Sequence[ClientToken], held: Set[str]) -> None:
    """Add what is not there, and end what is over elsewhere."""
    for token in tokens:
        if token.hashed not in held:
            table.put(token)
        elif token.expires_at_s is not None:
            table.end(token, token.expires_at_s)


def _expect_known(name: str, tokens: Mapping[str, Tokens]) -> None:
    """OperatorError if no region has a client of this name."""
    known = clients_of(tokens)
    if name not in known:
        alike = hints.alike_to(name, known)
        raise OperatorError(
            f"there is no client {name}; {hints.did_you_mean(alike) if alike else 'ops clients list has them all'}"
        )


def _say(text: str) -> None:
    """Print a line for the operator on standard error: standard output may be a token, for a program."""
    print(text, file=sys.stderr)
