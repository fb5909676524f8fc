"""`ops query`: SQL against the metrics, as a table, a chart, or for programs."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ops import answers, hints, sql_input, stack
from ops.catalogue import Catalogue
from ops.errors import OperatorError
from ops.output import sanitize
from ops.stack import Target
from ops.store.port import Store

_KNOWN_METRICS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `query`."""
    stack.add_options(parser, all_regions=True)
    sql_input.add_options(parser, """'SELECT * FROM "metrics_dev"."metrics" LIMIT 5'""")
    answers.add_options(parser)
    parser.add_argument(
        "--all-hours", action="store_true", help="let a statement read every hour that a lake keeps"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return sql_input.run(options, lambda sql: _ask(options, sql), name=options.environment)


def _ask(options: argparse.Namespace, sql: str) -> int:
    status, rows = answers.show(options, lambda target: _select(target, sql, all_hours=options.all_hours))
    if rows == 0 and status == 0:
        _say_metrics_alike(stack.targets(options)[0], sql)
    return status


def _select(target: Target, sql: str, *, all_hours: bool) -> tuple[Sequence[str], Iterator[list[Any]]]:
    store = target.store()
    if not all_hours:
        try:
            store.expect_bounded(sql)
        except OperatorError as error:
            raise OperatorError(f"{error}; or give --all-hours") from error
    try:
        return store.select(sql)
    except OperatorError as error:
        raise OperatorError(f"{error}{_hint(store, str(error), sql)}") from error


def _hint(store: Store, reason: str, sql: str) -> str:
    try:
        return hints.on_refusal(
            reason,
            sql,
            columns=lambda: (*store.own_columns, *(store.dimensions() or ())),
            tables=[store.points],
        )
    except OperatorError:
        return ""  # the refusal itself is what matters


def _say_metrics_alike(target: Target, sql: str) -> None:
    """Say which metrics of the last day are called like those that an empty answer was asked for."""
    asked = hints.asked_metrics(sql)
    if not asked:
        return
    try:
        known = [one.name for one in Catalogue(target.store()).metrics((), limit=_KNOWN_METRICS)]
    except OperatorError:
        return
    for name in asked:
        alike = hints.alike_to(name, known)
        if alike and name not in known:
            print(sanitize(f"no metric {name!r}; {hints.did_you_mean(alike)}"), file=sys.stderr)
