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
from ops.timestream import quoted_name, select

_OWN_COLUMNS = ("metric_name", "metric_type", "time", "value", "measure_name")
_KNOWN_METRICS = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `query`."""
    stack.add_options(parser, all_regions=True)
    sql_input.add_options(parser, """'SELECT * FROM "metrics_dev"."metrics" LIMIT 5'""")
    answers.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return sql_input.run(options, lambda sql: _ask(options, sql), name=options.environment)


def _ask(options: argparse.Namespace, sql: str) -> int:
    status, rows = answers.show(options, lambda target: _select(target, sql))
    if rows == 0 and status == 0:
        _say_metrics_alike(stack.targets(options)[0], sql)
    return status


def _select(target: Target, sql: str) -> tuple[Sequence[str], Iterator[list[Any]]]:
    try:
        return select(target.client("timestream-query"), sql)
    except OperatorError as error:
        raise OperatorError(f"{error}{_hint(target, str(error), sql)}") from error


def _hint(target: Target, reason: str, sql: str) -> str:
    try:
        outputs = target.outputs()
        table = f"{quoted_name(outputs['DatabaseName'])}.{quoted_name(outputs['TableName'])}"
        return hints.on_refusal(
            reason, sql, columns=lambda: (*_OWN_COLUMNS, *target.dimension_names()), tables=[table]
        )
    except OperatorError:
        return ""  # the refusal itself is what matters


def _say_metrics_alike(target: Target, sql: str) -> None:
    """Say which metrics of the last day are called like those that an empty answer was asked for."""
    asked = hints.asked_metrics(sql)
    if not asked:
        return
    try:
        known = [one.name for one in Catalogue.of(target).metrics((), limit=_KNOWN_METRICS)]
    except OperatorError:
        return
    for name in asked:
        alike = hints.alike_to(name, known)
        if alike and name not in known:
            print(sanitize(f"no metric {name!r}; {hints.did_you_mean(alike)}"), file=sys.stderr)
