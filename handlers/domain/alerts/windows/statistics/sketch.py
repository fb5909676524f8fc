"""Sketches: how many values fall into buckets of a fixed relative width, from which percentiles follow.

The mapping is that of DDSketch (https://arxiv.org/abs/1908.10693): eighteen buckets for each doubling, the same for
every sketch, so a merge adds whole numbers and does not depend on any order. Borders are found by the bits of a double
and by whole numbers alone: a logarithm may differ by its last digit from one processor to another.
"""

import re
import struct
from array import array
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from handlers.domain.alerts.rules.rule import exact_fraction

# So the middle of a bucket is at most 2 % from any value in it.
_BUCKETS = 18
# A border is known to so many of the 52 binary digits that a double has behind its first.
_DIGITS = 12
_STEPS = 2**_DIGITS
_SHIFT = 52 - _DIGITS
# The bucket that the sign of a double makes, which is its highest bit.
_SIGN = 2**11 * _BUCKETS
# Digits of a percentile: more would not be true.
_ROUNDED = Context(prec=4, rounding=ROUND_HALF_EVEN)
_LETTERS = ("", *map(chr, range(ord("a"), ord("z") + 1)))
_ENTRY = re.compile(r"([a-z]|~[0-9]+~|^(?=[0-9]))([0-9]*)", re.ASCII)
_DOUBLE, _BITS = struct.Struct("=d"), struct.Struct("=q")


def _borders() -> list[int]:
    """The first step of each bucket of a doubling: the first at or above a root of two, found by whole numbers."""
    found = []
    for bucket in range(_BUCKETS):
        step = max(0, int(_STEPS * 2 ** (bucket / _BUCKETS)) - _STEPS - 1)
        while (_STEPS + step) ** _BUCKETS < 2**bucket * _STEPS**_BUCKETS:
            step += 1
        found.append(step)
    return [*found, _STEPS]


_BORDERS = _borders()
_BUCKET_OF = [bucket for bucket in range(_BUCKETS) for _ in range(_BORDERS[bucket], _BORDERS[bucket + 1])]


class Sketch:
    """The number of values in each bucket; buckets are numbered in the order of their values.

    A bucket of negative values has the number of its mirror image, negative. Bucket 0 is zero, with the values so near
    to it that a double has fewer digits for them, below 2.3e-308.
    """

    __slots__ = ("_counts", "_values")

    def __init__(self, values: Sequence[float] = ()) -> None:
        # As they came, while nothing is added: most sketches are only made to be written.
        self._values = values
        self._counts: dict[int, int] = {}

    @property
    def counts(self) -> dict[int, int]:
        """The counts by bucket."""
        if self._values:
            for bucket in _buckets_of(self._values):
                self._counts[bucket] = self._counts.get(bucket, 0) + 1
            self._values = ()
        return self._counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]

    def merge(self, other: "Sketch") -> "Sketch":
        """The sketch of both sketches' values together."""
        merged = Sketch()
        merged._counts = dict(self.counts)
        for bucket, count in other.counts.items():
            merged._counts[bucket] = merged._counts.get(bucket, 0) + count
        return merged

    def add(self, text: str, minimum: float, maximum: float, count: int) -> None:
        """Adds the sketch that was written as this text, of so many values between these extremes."""
        counts = self.counts
        bucket = _bucket_of(minimum)
        if count <= 2:
            counts[bucket] = counts.get(bucket, 0) + 1
            if count == 2:
                bucket = _bucket_of(maximum)
                counts[bucket] = counts.get(bucket, 0) + 1
            return
        if not text[:1].isdigit():
            counts[bucket] = counts.get(bucket, 0) + 1
        if text.isalpha():
            # Each value has a bucket of its own.
            for letter in map(ord, text):
                bucket += letter - 96
                counts[bucket] = counts.get(bucket, 0) + 1
            return
        for gap, number in _ENTRY.findall(text):
            bucket += ord(gap) - 96 if len(gap) == 1 else int(gap[1:-1] or 0)
            counts[bucket] = counts.get(bucket, 0) + int(number or 1)

    def text(self) -> str:
        """The distance of each bucket from the one before, but for the first, with its count, but for 1.

        The first is that of the least value, which is kept beside it: one value or two, the extremes, need no text.
        """
        if self._values:
            if len(self._values) <= 2:
                return ""
            buckets = _buckets_of(self._values)
        else:
            buckets = [bucket for bucket, count in sorted(self._counts.items()) for _ in range(count)]
            if len(buckets) <= 2:
                return ""
        parts, before, count = [], buckets[0], 0
        for bucket in buckets:
            if bucket == before:
                count += 1
                continue
            if count > 1:
                parts.append(str(count))
            gap = bucket - before
            parts.append(_LETTERS[gap] if gap <= 26 else f"~{gap}~")
            before, count = bucket, 1
        return "".join(parts) + (str(count) if count > 1 else "")

    def percentile(self, percent: Fraction, minimum: float, maximum: float) -> Fraction:
        """The least value that at least so many percent of the values do not exceed, within 2 % of it.

        It lies between the extremes, which are known exactly, so that of equal values is the value.
        """
        total = sum(self.counts.values())
        rank = -(-total * percent.numerator // (100 * percent.denominator))
        if rank == total:
            return exact_fraction(maximum)
        low = exact_fraction(minimum)
        return low if rank == 1 else min(max(_middle(self._bucket_at(rank)), low), exact_fraction(maximum))

    def _bucket_at(self, rank: int) -> int:
        seen = bucket = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                break
        return bucket


def _buckets_of(values: Sequence[float]) -> list[int]:
    """The buckets of values, in their order."""
    numbers = _numbers(values)
    numbers.sort()
    return numbers if numbers[0] >= _BUCKETS else sorted(map(_in_order, numbers))


def _numbers(values: Sequence[float]) -> list[int]:
    """A number for each value by its bits: the bucket, but for values that are negative or next to zero."""
    bits = memoryview(array("d", values)).cast("B").cast("q")
    buckets, bucket_of, shift, last = _BUCKETS, _BUCKET_OF, _SHIFT, _STEPS - 1
    return [(bit >> 52) * buckets + bucket_of[(bit >> shift) & last] for bit in bits]


def _in_order(number: int) -> int:
    """The bucket of the value whose bits made this number. In the order of bits, negative values are reversed."""
    magnitude = number if number >= 0 else number + _SIGN
    if magnitude < _BUCKETS:
        return 0
    return magnitude if number >= 0 else -magnitude


def _bucket_of(value: float) -> int:
    [bit] = _BITS.unpack(_DOUBLE.pack(value))
    number = (bit >> 52) * _BUCKETS + _BUCKET_OF[(bit >> _SHIFT) & (_STEPS - 1)]
    return int(number) if number >= _BUCKETS else _in_order(number)


@lru_cache(maxsize=16_384)
def _middle(bucket: int) -> Fraction:
    """The value from which both borders of a bucket are relatively as far, in few digits."""
    if not bucket:
        return Fraction(0)
    doubling, part = divmod(abs(bucket), _BUCKETS)
    power = Fraction(2) ** (doubling - 1023)
    low, high = (power * Fraction(_STEPS + step, _STEPS) for step in _BORDERS[part : part + 2])
    middle = 2 * low * high / (low + high)
    rounded = Fraction(_ROUNDED.divide(Decimal(middle.numerator), Decimal(middle.denominator)))
    return rounded if bucket > 0 else -rounded
