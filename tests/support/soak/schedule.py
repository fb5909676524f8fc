"""Faults at random, from a seed: which strikes next, where, and how often."""

import random
from collections.abc import Sequence
from typing import Any

from tests.support.local_run import LocalRun

_WAITING = 8
_FUNCTIONS = ("MetricWriterFunction", "WindowAggregatorFunction", "AlertEvaluatorFunction")
_OF_FUNCTIONS = (
    "kill:{ms}",
    "kill+after",
    "memory:{ms}",
    "timeout:{ms}",
    "init",
    "throttle",
    "internal",
    "lost",
)
_OF_DELIVERY = ("repeat", "recut", "overlap:{ms}")
_OF_CALLS = ("throttle", "internal", "unavailable", "lost", "latency:{ms}", "latency:{ms}+after", "hang:{ms}")
_CALLS: dict[str, Sequence[str]] = {
    "timestream": (
        "kinesis:PutRecord", "kinesis:PutRecord", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "timestream-write:WriteRecords", "timestream-write:WriteRecords", "timestream-query:Query",
        "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query", "dynamodb:GetItem", "s3:PutObject",
        "s3:GetObject", "sns:Publish", "stepfunctions:StartExecution",
    ),
    "lake": (
        "kinesis:PutRecord", "kinesis:PutRecord", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "s3:PutObject", "s3:PutObject", "s3:GetObject", "s3:ListObjectsV2", "athena:StartQueryExecution",
        "athena:GetQueryExecution", "glue:GetTable", "glue:UpdateTable", "dynamodb:PutItem", "dynamodb:UpdateItem",
        "dynamodb:Query", "sns:Publish", "stepfunctions:StartExecution",
    ),
}  # fmt: skip
_OTHERS: dict[str, Sequence[str]] = {
    "timestream": (
        "dynamodb=conflict", "s3:PutObject=denied", "dynamodb:BatchWriteItem=partial:50%",
        "timestream-write:WriteRecords=partial:5%", "timestream-write:WriteRecords=partial:50%",
    ),
    "lake": ("dynamodb=conflict", "s3:PutObject=denied", "dynamodb:BatchWriteItem=partial:50%"),
}  # fmt: skip
_LONGEST_JUMP_S = 10


class Schedule:
    """Puts a fault in force now and then, so many in all; splits or merges shards, and moves the clock between them.

    `subscriber` is the endpoint of one that a fault may keep from answering.
    """

    def __init__(
        self, run: LocalRun, kind: str, seed: int, *, longest_ms: int, subscriber: str | None = None
    ) -> None:
        self._run, self._longest_ms = run, longest_ms
        self._calls, self._others = _CALLS[kind], [*_OTHERS[kind]]
        if subscriber:
            self._others.append(f"sns/{subscriber}=dead")
        self._chance = random.Random(f"faults/{seed}")
        run.control("faults", {"seed": seed})
        self.asked: list[str] = []

    def add(self) -> int:
        """Put the next fault in force; the number of those that have struck so far.

        Those that nothing meets make room for others.
        """
        spec = self.drawn()
        self.asked.append(spec)
        shown = self._run.control("faults", {"rules": [spec]})
        if len(shown["rules"]) > _WAITING:
            self.end()
        return int(shown["injected"])

    @property
    def struck(self) -> int:
        """The faults that have struck so far."""
        return int(self._run.control("faults")["injected"])

    def reshard(self) -> str:
        """Split a shard of the stream, or merge two; the words for what was done."""
        kinesis, stream = self._run.client("kinesis"), self._run.environment["TIDEGAUGE_STREAM_NAME"]
        shards = [
            shard
            for shard in kinesis.list_shards(StreamName=stream)["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        shards.sort(key=_first_key)
        if len(shards) > 1 and (len(shards) > 3 or self._chance.random() < 0.5):
            place = self._chance.randrange(len(shards) - 1)
            first, second = shards[place]["ShardId"], shards[place + 1]["ShardId"]
            kinesis.merge_shards(StreamName=stream, ShardToMerge=first, AdjacentShardToMerge=second)
            return f"merged {first} and {second}"
        shard = self._chance.choice(shards)
        middle = (_first_key(shard) + int(shard["HashKeyRange"]["EndingHashKey"])) // 2
        kinesis.split_shard(StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))
        return f"split {shard['ShardId']}"

    def jump(self) -> None:
        """Move the clock a little, whatever is on the stream."""
        step_s = self._chance.randint(1, _LONGEST_JUMP_S)
        self._run.control("clock", {"advance_seconds": step_s, "at_once": True})

    def end(self) -> None:
        """Put every fault out of force."""
        self._run.control("faults", method="DELETE")

    def drawn(self) -> str:
        """The next fault, in short."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.5:
            fault = f"{chance.choice(self._calls)}={chance.choice(_OF_CALLS)}"
        elif kind < 0.7:
            fault = f"lambda/{chance.choice(_FUNCTIONS)}={chance.choice(_OF_FUNCTIONS)}"
        elif kind < 0.87:
            fault = f"lambda/{chance.choice(_FUNCTIONS[:2])}={chance.choice(_OF_DELIVERY)}"
        else:
            fault = chance.choice(self._others)
        return f"{fault.format(ms=chance.randint(1, self._longest_ms))}x{chance.randint(1, 3)}"


def _first_key(shard: Any) -> int:
    return int(shard["HashKeyRange"]["StartingHashKey"])
