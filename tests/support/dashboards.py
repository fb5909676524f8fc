"""Dashboards as people see them, without CloudWatch's shorthand."""

from collections.abc import Iterable, Iterator
from typing import Any


def written_out(lines: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """The metrics of a widget: a dot stands for what the line above has at that place."""
    above: list[Any] = []
    for line in lines:
        above = [above[place] if part == "." else part for place, part in enumerate(line)]
        yield above
