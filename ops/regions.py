"""One question to one region or to all: then each row begins with its region, and one that fails harms no other."""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ops import stack, tables
from ops.errors import OperatorError
from ops.output import sanitize
from ops.stack import Target
from ops.tables import Row

Answer = TypeVar("Answer")


class Regions:
    """The deployments that a command is about; `status` is 1 once one of all could not be asked."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.every, self._targets = options.every_region, stack.targets(options)
        self.status = 0

    def ask(self, read: Callable[[Target], Answer]) -> Iterator[tuple[Target, Answer]]:
        """Each deployment with its answer; OperatorError if there is only one, which has none."""
        for target in self._targets:
            try:
                yield target, read(target)
            except OperatorError as error:
                if not self.every:
                    raise
                print(f"{target.region}: {sanitize(str(error))}", file=sys.stderr)
                self.status = 1

    def prefix(self, target: Target) -> str:
        """The beginning of a line that is about one of several deployments."""
        return f"{target.region:<15} " if self.every else ""

    def columns(self, names: Sequence[str]) -> Sequence[str]:
        """The columns of rows, that of the region among them if there are several."""
        return ["region", *names] if self.every else names

    def rows(self, target: Target, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows of one deployment, as `columns` has them."""
        return ([target.region, *row] if self.every else row for row in rows)


def show(
    options: argparse.Namespace,
    columns: Sequence[str],
    read: Callable[[Target], Sequence[Row]],
    *,
    noun: str = "row",
    wrap: bool = False,
) -> int:
    """Print a list of the rows of each region in the form of the options; 0 only if every one could be asked."""
    regions = Regions(options)
    rows = itertools.chain.from_iterable(regions.rows(target, found) for target, found in regions.ask(read))
    tables.show(regions.columns(columns), rows, options.format, noun=noun, wrap=wrap)
    return regions.status
