"""Answers to SQL, of one region or of all, as tables, charts, or for programs."""

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from ops import plot, tables
from ops.regions import Regions
from ops.stack import Target
from ops.tables import Row

Answer = tuple[Sequence[str], Iterable[Row]]
"""The names of an answer's columns, and its rows, which may come one after the other."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the form of an answer."""
    form = parser.add_mutually_exclusive_group()
    tables.add_option(form)
    form.add_argument(
        "--csv", action="store_const", const="csv", dest="format", help="the same as --format csv"
    )
    form.add_argument("--plot", action="store_true", help="draw the answer's time series in the terminal")


def show(
    options: argparse.Namespace, read: Callable[[Target], Answer], *, noun: str = "row"
) -> tuple[int, int]:
    """Print the answer of each region, or of the one; the exit status, and the number of rows."""
    regions = Regions(options)
    answers = [
        (regions.columns(names), regions.rows(target, rows)) for target, (names, rows) in regions.ask(read)
    ]
    if not answers:
        return regions.status, 0
    columns, rows = answers[0] if len(answers) == 1 else _joined(answers)
    count = itertools.count()
    counted = (row for row, _ in zip(rows, count, strict=False))
    if options.plot:
        plot.plot(columns, counted)
    else:
        tables.show(columns, counted, options.format, noun=noun)
    return regions.status, next(count)


def _joined(answers: Sequence[Answer]) -> Answer:
    """One answer with the columns of all: regions have different dimensions."""
    columns = list(dict.fromkeys(itertools.chain.from_iterable(names for names, _ in answers)))
    aligned = (_aligned(names, rows, columns) for names, rows in answers)
    return columns, itertools.chain.from_iterable(aligned)


def _aligned(own: Sequence[str], rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Row]:
    places = [own.index(name) if name in own else None for name in columns]
    return ([None if place is None else row[place] for place in places] for row in rows)
