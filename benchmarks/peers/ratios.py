"""Ratios of two peers, round by round: a machine's speed drifts within minutes, but less within a round."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.peers.turns import Sample


@dataclass(frozen=True)
class Ratio:
    """The ratio's median over the rounds, with the least and the most."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}-{self.most:.2f})"


def ratio(above: Sequence[Sample], below: Sequence[Sample], what: str) -> Ratio:
    """The ratio of something that the samples `above` have to that of the samples `below`, of the same rounds."""
    each = [one[what] / other[what] for one, other in zip(above, below, strict=True)]
    return Ratio(median(each), min(each), max(each))


def least(samples: Sequence[Sample], what: str) -> float:
    """The least of the samples: what else a machine does makes one slower, never faster."""
    return min(sample[what] for sample in samples)


def middle(samples: Sequence[Sample], what: str) -> float:
    """The median of the samples."""
    return median(sample[what] for sample in samples)
