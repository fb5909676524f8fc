"""Cuts of a shard: where its batches began and ended, so that records that are read again are cut there as well.

Lambda delivers the records of a shard in order, each at least once. A batch that failed comes again whole or in halves;
after a poller was replaced, the shard is read again from a checkpoint, in batches that end anywhere. A cut is kept
before its batch's windows are written, and no later range reaches across one. So any two ranges that were ever written
are disjoint, or one lies within the other: leaving out the inner ones counts every record once.
"""

from itertools import pairwise
from typing import NamedTuple


class BatchRange(NamedTuple):
    """The records of a shard, from one sequence number to another, that a batch consisted of, or a part of one."""

    shard: str
    first: int
    last: int


class Cuts(NamedTuple):
    """The last sequence number of the records that are dealt with, and the ends of the ranges behind them."""

    done: int
    ends: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Cuts":
        """The cuts that were written as this text."""
        done, *ends = map(int, text.split(","))
        return cls(done, tuple(ends))

    def __str__(self) -> str:
        return ",".join(map(str, (self.done, *self.ends)))

    def cut(self, batch: BatchRange) -> tuple["Cuts", list[BatchRange]]:
        """The cuts from now on, and the ranges to write the batch in, without the records that are dealt with.

        That a batch was delivered says that all before it is: written, or given up after the last retry.
        """
        done = max(self.done, batch.first - 1)
        ends = sorted({end for end in (*self.ends, batch.last) if end > done})
        ranges = pairwise([done, *ends])
        parts = [BatchRange(batch.shard, begin + 1, end) for begin, end in ranges if end <= batch.last]
        return Cuts(done, tuple(ends)), parts
