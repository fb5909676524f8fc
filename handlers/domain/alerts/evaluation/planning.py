"""The planning of an execution: the intervals that are left to evaluate, by chunks of the rules."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from handlers.domain.alerts.evaluation.chunks import chunks_of
from handlers.domain.alerts.periods import MADE_UP_S, Timing
from handlers.domain.alerts.rules.rule import RuleSource
from handlers.domain.alerts.steps import Chunk, Plan
from handlers.domain.alerts.windows.progress import KeyRange, Reached
from handlers.domain.alerts.windows.window_items import Windows

# Where nothing is known of earlier evaluations it begins so far back: a version before this one may have left some.
FIRST_LOOK_BACK_S = 900
# The index of open alerts follows their table: alerts that were just written must be found by the next slice.
SETTLING_S = 3
# An execution is ended after 290 s, with what is on its way; it hands out notifications for so many of them.
HANDING_OUT_S = 120
# A state's input may hold 256 KiB; a chunk is some 200 bytes, so of four at a time a minute has time for fewer.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PLAN_BYTES = 150_000


@dataclass(frozen=True)
class Planner:
    """Cuts the rules into chunks, and says from where on each is to be evaluated."""

    rules: RuleSource
    windows: Windows
    timing: Timing
    group_cap: int

    def plan(self, interval_start_s: int | None, now_s: float) -> Plan:
        """The intervals up to the one that an execution was started for, or that a sweep claims, by chunks of rules."""
        last_s = self.timing.interval_of(now_s) - self.timing.interval_s
        if interval_start_s is not None:
            last_s = interval_start_s
        elif not self.windows.claim(last_s, now_s):
            return {"found": False}
        progress, written_at_s = self.windows.progress()
        ranges = chunks_of(self.rules.rules().rules, self.timing.interval_s, self.group_cap)
        chunks = [
            self.chunk(KeyRange(*keys), progress.of(*keys), last_s, (index, len(ranges)))
            for index, keys in enumerate(ranges)
        ]
        left = _room_for([chunk for chunk in chunks if chunk["first"] <= last_s])
        if not left:
            return {"found": False}
        wait_s = max(self.timing.ready_at(last_s), written_at_s + SETTLING_S) - now_s
        for chunk in left:
            chunk["until"] = int(now_s + max(0, wait_s) + HANDING_OUT_S)
        return {
            "found": True,
            "first": min(chunk["first"] for chunk in left),
            "last": last_s,
            "wait_seconds": max(0, math.ceil(wait_s)),
            "chunks": left,
        }

    def chunk(self, keys: KeyRange, reached: Reached, last_s: int, number: tuple[int, int]) -> Chunk:
        """The chunk of these rules, which are evaluated so far; `number` is its place, and of how many."""
        interval_s = self.timing.interval_s
        if reached.end_s:
            oldest_s = last_s + interval_s - self.timing.interval_of(MADE_UP_S)
            first_s = max(reached.end_s, oldest_s)
        else:
            first_s = last_s - self.timing.interval_of(FIRST_LOOK_BACK_S)
        return {
            "index": number[0],
            "of": number[1],
            "begin": keys.begin,
            "end": keys.end,
            "first": first_s,
            "since": reached.end_s or first_s,
            "begun": reached.begun_s if reached.end_s == first_s else first_s,
            "left": reached.left_s if reached.end_s == first_s else reached.end_s,
        }


def range_of(chunk: Chunk) -> KeyRange:
    """The rules of a chunk; the version before this one numbered them, and all are the first chunk's now."""
    if "begin" in chunk:
        return KeyRange(chunk["begin"], chunk["end"])
    return KeyRange() if chunk["index"] == 0 else KeyRange("\U0010ffff")


def _room_for(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks that a plan can hold, the least far first; the others are evaluated by the next executions."""
    by_need = sorted(chunks, key=lambda chunk: chunk["first"])
    sizes = accumulate(len(json.dumps(chunk)) for chunk in by_need)
    some = by_need[: sum(size <= PLAN_BYTES for size in sizes)]
    return sorted(some, key=lambda chunk: chunk["index"])
