"""The notation of a series: values in their order, as promtool writes them, with gaps and with points that come late.

    1 2 _ 9x5 0+10x3 96@5m

are 1, 2, a gap, 9 and five more of it, 0 and three more that are 10 apart, and 96, which comes five minutes late.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ops.rule_tests.times import span_s

MOST_PLACES = 100_000
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_TOKEN = re.compile(
    rf"(?:(?P<gap>_)|(?P<value>[-+]?{_NUMBER})(?P<step>[-+]{_NUMBER})?)(?:x(?P<more>[0-9]{{1,6}}))?(?:@(?P<delay>\S*))?",
    re.ASCII,
)
_EXPECTED = (
    "expected a number, `_` for a gap, 9x5 for 9 and five more, 1+2x3 for 1 and three more that grow by 2, _x3 for "
    "three gaps, or one of these with @5m for points that come so much later"
)
_NO_NUMBERS = {"nan", "inf", "stale", "null"}


class Place(NamedTuple):
    """A point of a series: its place in it, its value, and how many seconds after its time it comes."""

    number: int
    value: float
    delay_s: int


class Places(NamedTuple):
    """The points of a series, and how many places it has with its gaps."""

    points: list[Place]
    length: int


def read_series(text: str) -> Places:
    """The series that a text stands for; ValueError names the part that cannot be read, and what was expected."""
    points: list[Place] = []
    count = 0
    for number, token in enumerate(text.split(), start=1):
        try:
            for value, delay_s in _expanded(token, MOST_PLACES - count):
                if value is not None:
                    points.append(Place(count, value, delay_s))
                count += 1
        except ValueError as error:
            raise ValueError(f"{token[:40]!r}, part {number} of the series: {error}") from error
    if not count:
        raise ValueError(f"{text!r} is empty: {_EXPECTED}")
    return Places(points, count)


def _expanded(token: str, room: int) -> Iterator[tuple[float | None, int]]:
    found = _TOKEN.fullmatch(token)
    if found is None:
        hint = "a point has a finite number; " if token.lower().lstrip("+-") in _NO_NUMBERS else ""
        raise ValueError(hint + _EXPECTED)
    more, delay = found["more"], found["delay"]
    if found["gap"]:
        if delay is not None:
            raise ValueError("a gap has no point that could come late")
        times = 1 if more is None else int(more)
    else:
        times = 1 + int(more or 0)
        if found["step"] and more is None:
            raise ValueError("says by how much it grows and not how often: 1+2x3 is 1 and three more")
    if times > room:
        raise ValueError(f"a series has at most {MOST_PLACES:,} places")
    if found["gap"]:
        yield from [(None, 0)] * times
        return
    delay_s = 0 if delay is None else span_s(delay)
    first, step = Decimal(found["value"]), Decimal(found["step"] or 0)
    for index in range(times):
        value = float(first + index * step)
        if not math.isfinite(value):
            raise ValueError("is larger than any number that is kept")
        yield value, delay_s
