"""Counters as Prometheus 2.42 sees them: samples each ten seconds, and what its `increase` says of each minute.

`tests/clients` holds the numbers to Prometheus's own promtool. They are rounded to a thousandth.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

STEP_S, MINUTES = 10, 6
NA: None = None

# Where samples are missing, nobody scraped. The first sample lies at 0 s.
SAMPLES: dict[str, Sequence[float | None]] = {
    "steady": [10 * number for number in range(37)],
    "bursts": [
        0, 0, 0, 50, 50, 50, 50,
        50, 51, 51, 51, 351, 351,
        351, 351, 351, 351, 351, 351,
        351.5, 352.25, 352.25, 352.25, 353, 400,
        400, 400, 400, 400, 400, 401,
        401, 401, 401, 401, 401, 401,
    ],
    "restarts": [
        100, 110, 120, 130, 140, 150, 160,
        5, 15, 25, 35, 45, 55,
        65, 75, 0, 10, 3, 13,
        13, 13, 13, 13, 13, 13,
        0, 0, 0, 0, 0, 0,
        100, 7, 200, 6, 300, 5,
    ],
    "gaps": [
        0, 10, 20, 30, 40, NA, 60,
        NA, NA, 90, 100, 110, 120,
        130, 140, NA, NA, NA, NA,
        NA, NA, NA, NA, NA, NA,
        NA, NA, 270, 280, 290, 300,
        NA, 320, NA, 340, 350, NA,
    ],
    "gap and restart": [
        1000, 1010, 1020, 1030, NA, NA, NA,
        NA, NA, 4, 14, 24, 34,
        NA, NA, NA, 70, 80, 90,
        100, NA, NA, NA, NA, 10,
        20, 30, NA, NA, NA, NA,
        NA, NA, NA, NA, 5, NA,
    ],
    "rare": [3 if number == 0 else 3 + number if number % 6 == 3 else NA for number in range(37)],
    "new": [*[NA] * 14, 500, 510, 520, 530, *[540.5] * 18, NA],
}  # fmt: skip

# By the end of each minute; None where Prometheus has no value, with fewer than two samples.
INCREASES: dict[str, Sequence[float | None]] = {
    "steady": [60, 60, 60, 60, 60, 60],
    "bursts": [50, 301, 0, 49, 1, 0],
    "restarts": [60, 55, 43, 0, 0, 605],
    "gaps": [60, 60, 25, None, 35, 60],
    "gap and restart": [35, 34, 56, 20, 25, None],
    "rare": [6, None, None, None, None, None],
    "new": [None, None, 45.563, 0, 0, 0],
}


class Sample(NamedTuple):
    """A sample, its time in seconds."""

    time_s: int
    value: float


def samples(name: str) -> Iterator[Sample]:
    """The samples of a counter that there are."""
    for number, value in enumerate(SAMPLES[name]):
        if value is not None:
            yield Sample(number * STEP_S, value)


def within(name: str, end_s: int) -> list[Sample]:
    """The samples of the minute that ends then, of which both ends belong to it."""
    return [sample for sample in samples(name) if end_s - 60 <= sample.time_s <= end_s]


def growth(found: Sequence[Sample]) -> float:
    """The growth from sample to sample, where a fall is a restart from zero."""
    return math.fsum(
        after.value - before.value if after.value >= before.value else after.value
        for before, after in pairwise(found)
    )


def extrapolation(found: Sequence[Sample], end_s: int) -> float:
    """The factor by which Prometheus multiplies the growth within a minute, as its promql/functions.go has it."""
    begin_s, sampled_s = end_s - 60, found[-1].time_s - found[0].time_s
    to_start_s: float = found[0].time_s - begin_s
    to_end_s = end_s - found[-1].time_s
    between_s = sampled_s / (len(found) - 1)
    if growth(found) > 0:
        to_start_s = min(to_start_s, sampled_s * found[0].value / growth(found))
    ends_s = [one if one < between_s * 1.1 else between_s / 2 for one in (to_start_s, to_end_s)]
    return (sampled_s + sum(ends_s)) / sampled_s
