"""The rows that a histogram or a summary becomes: those that Prometheus would have of it."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from handlers.domain.ingest.formats.exponential import cumulative_buckets
from handlers.domain.ingest.formats.number_text import number_text
from handlers.domain.ingest.formats.otlp.request import ExponentialHistogram, Histogram, Summary, invalid

# Rows of buckets that one histogram makes at most, the last one `+Inf`.
BUCKET_ROWS = 32


class Row(NamedTuple):
    """The end of a row's name, the label and its text that it has besides the attributes, and its value."""

    suffix: str
    label: str
    text: str
    value: object


def histogram_rows(histogram: Histogram) -> list[Row]:
    """The rows of a histogram, its buckets cumulative; raises `Refused` if it contradicts itself.

    Of more bounds than there may be rows, some are left out, always the same of as many; what is left stays exact.
    """
    counts, bounds = histogram.bucket_counts, histogram.bounds
    if counts or bounds:
        if len(counts) != len(bounds) + 1:
            raise invalid(
                f"{len(counts)} bucket counts for {len(bounds)} bounds; there is one more than bounds"
            )
        if sum(counts) != histogram.total:
            raise invalid(f"a count of {histogram.total} with {sum(counts)} in the buckets")
        if not _ascend(bounds):
            raise invalid("the bounds do not ascend")
    rows = [*_statistics(histogram)]
    kept = set(_kept(len(bounds)))
    cumulative = 0
    for index, bound in enumerate(bounds):
        cumulative += counts[index]
        if index in kept and bound < math.inf:
            rows.append(_bucket(bound, cumulative))
    return [*rows, _bucket(math.inf, histogram.total)]


def exponential_rows(histogram: ExponentialHistogram) -> list[Row]:
    """The rows of an exponential histogram, in a scale whose buckets are few enough; raises `Refused`."""
    try:
        buckets = cumulative_buckets(
            scale=histogram.scale,
            zero_count=histogram.zero_count,
            zero_threshold=histogram.zero_threshold,
            positive=(histogram.positive.offset, histogram.positive.counts),
            negative=(histogram.negative.offset, histogram.negative.counts),
            at_most=BUCKET_ROWS - 1,
        )
    except ValueError as error:
        raise invalid(str(error)) from error
    if buckets and buckets[-1][1] > histogram.total:
        raise invalid(f"a count of {histogram.total} with {buckets[-1][1]} in the buckets")
    finite = [_bucket(bound, count) for bound, count in buckets if bound < math.inf]
    return [*_statistics(histogram), *finite, _bucket(math.inf, histogram.total)]


def summary_rows(summary: Summary) -> list[Row]:
    """The rows of a summary; raises `Refused` if a quantile is none."""
    if not all(0 <= quantile <= 1 for quantile, _ in summary.quantiles):
        raise invalid("a quantile is a number from 0 to 1")
    return [
        Row("_count", "", "", summary.total),
        Row("_sum", "", "", summary.sum),
        *(Row("", "quantile", number_text(quantile), value) for quantile, value in summary.quantiles),
    ]


def _statistics(histogram: Histogram | ExponentialHistogram) -> Iterator[Row]:
    yield Row("_count", "", "", histogram.total)
    for suffix, value in (("_sum", histogram.sum), ("_min", histogram.min), ("_max", histogram.max)):
        if value is not None:
            yield Row(suffix, "", "", value)


def _bucket(bound: float, cumulative: int) -> Row:
    return Row("_bucket", "le", number_text(bound), cumulative)


def _ascend(bounds: Sequence[float]) -> bool:
    """True for finite numbers, each greater than the one before; a last one that is infinite is allowed."""
    return all(a < b for a, b in pairwise(bounds)) and not math.isnan(sum(bounds[:1]))


def _kept(bounds: int) -> list[int]:
    """The places of the bounds that become rows: all, or the first, the last and evenly many between them."""
    most = BUCKET_ROWS - 1
    if bounds <= most:
        return list(range(bounds))
    return [index * (bounds - 1) // (most - 1) for index in range(most)]
