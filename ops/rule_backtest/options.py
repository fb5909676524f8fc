"""The options of `ops rules backtest`, apart from what runs it, which takes a moment to load."""

import argparse
from pathlib import Path

from ops import stack, tables
from ops.period import period_s

ALERTS, GROUPS, DAYS, RULES = VIEWS = ("alerts", "groups", "days", "rules")
AUTO, STORED, EXPORTED = SOURCES = ("auto", "stored", "exported")
_SHOWN = 20


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of `rules backtest`."""
    stack.add_options(parser)
    tables.add_option(parser)
    parser.add_argument("rule", metavar="FILE|RULE", help="rules of a file, or the id of a rule in force")
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", help="of UTC, or how long ago (default: a day before --to)"
    )
    parser.add_argument(
        "--to", dest="end", metavar="TIME", help="likewise (default: the last interval that is over)"
    )
    parser.add_argument("--only", metavar="RULE_ID", help="this rule of the file")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="rules to compare with, in place of those in force"
    )
    parser.add_argument(
        "--history", choices=SOURCES, default=AUTO,
        help="where points are read: the store, exported hours, or (auto, default) the store as far as it keeps them",
    )  # fmt: skip
    parser.add_argument(
        "--warm-up", type=period_s, default=0, metavar="TIME",
        help="read at least so much before --from (default: as far as the rules look back)",
    )  # fmt: skip
    parser.add_argument("--show", choices=VIEWS, default=VIEWS[0], help="a row for each (default alerts)")
    parser.add_argument(
        "--top", type=int, default=_SHOWN, metavar="N", help=f"rows of a table (default {_SHOWN}; 0: all)"
    )
