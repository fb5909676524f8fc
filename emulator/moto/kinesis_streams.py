"""moto's data streams, made of shards of our own.

moto's shard is not safe for concurrent writers, takes longer for each record it holds, never lets a record expire,
numbers records 1, 2, 3 in every shard, and moves the records of a split shard to its children.
"""

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import moto.kinesis.models as moto_kinesis
from moto.kinesis.models import Shard as MotoShard

from emulator.kinesis.shard import ShardRecords
from emulator.moto import ACCOUNT_ID
from emulator.moto.clock import local_now


class Shard(ShardRecords, MotoShard):
    """A shard as moto knows it, its records kept as Kinesis keeps them."""

    def __init__(self, shard_id: int, *arguments: Any, **names: Any) -> None:
        ShardRecords.__init__(self, shard_id, now=local_now)
        MotoShard.__init__(self, shard_id, *arguments, **names)

    @property
    def records(self) -> Mapping[int, Any]:
        """Nothing: moto looks here for records to move when it closes a shard, and they stay where they are."""
        return MappingProxyType({})

    @records.setter
    def records(self, value: object) -> None:
        """Keep what is kept; moto sets this when it makes or closes a shard."""

    def drained_by(self, sequence_number: int) -> bool:
        """True if a reader at this sequence number has seen all there will ever be."""
        return not self.is_open and sequence_number >= self.last_number


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Let moto build its streams of these shards until the end."""
    moto_kinesis.Shard = Shard
    try:
        yield
    finally:
        moto_kinesis.Shard = MotoShard


def find_stream(region: str, name: str) -> Any:
    """moto's stream of this name, or None."""
    return moto_kinesis.kinesis_backends[ACCOUNT_ID][region].streams.get(name)
