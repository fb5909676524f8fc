"""All that troubles a soak, paced by how far it is: faults, kills, shards, the clock, a subscriber that dies."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.local_run import LocalRun
from tests.support.soak.kills import kill_one
from tests.support.soak.schedule import Schedule
from tests.support.soak.subscriber import Subscriber

_RESHARDED = _JUMPED = _TURNED = 0.02


@dataclass
class Troubles:
    """The troubles of a run so far; all that is random follows from the schedule's seed and from `chance`."""

    run: LocalRun
    schedule: Schedule
    chance: random.Random
    faults: int
    kills: int
    jumps: bool
    subscribers: Sequence[Subscriber]
    struck: int = 0
    killed: int = 0
    resharded: int = 0
    jumped: int = 0

    def step(self, share: float) -> None:
        """Do what is due when this part of the soak, from 0 to 1, has gone by."""
        if self.struck < self.faults and self.struck <= share * self.faults:
            self.struck = self.schedule.add()
        if self.killed < self.kills and self.killed <= share * self.kills:
            self.killed += kill_one(self.run, self.chance)
        if self.faults and self.chance.random() < _RESHARDED:
            self.schedule.reshard()
            self.resharded += 1
        if self.jumps and self.chance.random() < _JUMPED:
            self.schedule.jump()
            self.jumped += 1
        for one in self.subscribers:
            if self.faults and self.chance.random() < _TURNED:
                (one.die if one.alive else one.revive)()

    def are_behind(self, share: float) -> bool:
        """True if fewer have struck than this part of the soak should have had."""
        return self.struck < share * self.faults or self.killed < share * self.kills

    def __str__(self) -> str:
        """The numbers of faults and kills that there were, of those that there are to be."""
        return f"{self.struck:,} of {self.faults:,} faults, {self.killed} of {self.kills} killed"
