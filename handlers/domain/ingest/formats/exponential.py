"""Exponential histograms, OpenTelemetry's and Prometheus's native ones, as cumulative buckets with bounds."""

import math
from collections import defaultdict
from collections.abc import Sequence

# The scales that SDKs use; at the least, two buckets hold all that is greater than the least double.
SCALES = range(-10, 21)


def cumulative_buckets(
    *,
    scale: int,
    zero_count: int,
    zero_threshold: float,
    positive: tuple[int, Sequence[int]],
    negative: tuple[int, Sequence[int]],
    at_most: int,
) -> list[tuple[float, int]]:
    """The upper bound of each bucket with the count up to it, from the least to the greatest, at most `at_most`.

    Bucket `i` of scale `s` holds the values in (b**i, b**(i + 1)], for b = 2**(2**-s); a sign's counts come as the
    first one's index and the counts from there on. Where there are too many buckets, pairs of them are merged until
    they fit, which lowers the scale by one each time: the bounds are then some of those of the scale before.
    Raises ValueError.
    """
    if scale not in SCALES:
        raise ValueError(f"the scale {scale} is not one of {SCALES[0]} to {SCALES[-1]}")
    if not 0 <= zero_threshold < math.inf:
        raise ValueError("the zero threshold is not a number of at least 0")
    above, below = _indexed(*positive), _indexed(*negative)
    has_zero = zero_count > 0 or bool(below)
    while _width(above) + _width(below) + has_zero > at_most:
        if scale == SCALES[0]:
            raise ValueError("an index of a bucket is beyond what a double can hold")
        scale -= 1
        above, below = _merged(above), _merged(below)
    counts: dict[float, int] = {}
    for index in _descending(below):
        bound = min(-_bound(scale, index), -zero_threshold)
        counts[bound] = counts.get(bound, 0) + below.get(index, 0)
    if has_zero:
        counts[zero_threshold] = counts.get(zero_threshold, 0) + zero_count
    for index in reversed(_descending(above)):
        bound = max(_bound(scale, index + 1), zero_threshold)
        counts[bound] = counts.get(bound, 0) + above.get(index, 0)
    total, cumulative = 0, []
    for bound, count in counts.items():
        total += count
        cumulative.append((bound, total))
    return cumulative


def _indexed(offset: int, counts: Sequence[int]) -> dict[int, int]:
    """The counts that are not 0, by index."""
    return {offset + place: count for place, count in enumerate(counts) if count}


def _merged(counts: dict[int, int]) -> dict[int, int]:
    merged: dict[int, int] = defaultdict(int)
    for index, count in counts.items():
        merged[index >> 1] += count
    return merged


def _width(counts: dict[int, int]) -> int:
    """The number of buckets from the first to the last that holds something."""
    return max(counts) - min(counts) + 1 if counts else 0


def _descending(counts: dict[int, int]) -> range:
    return range(max(counts), min(counts) - 1, -1) if counts else range(0)


def _bound(scale: int, index: int) -> float:
    """b**index, infinite beyond the greatest double."""
    whole, part = divmod(index, 1 << scale) if scale > 0 else (index << -scale, 0)
    try:
        return math.ldexp(2.0 ** (part / (1 << max(scale, 0))), whole)
    except OverflowError:
        return math.inf
