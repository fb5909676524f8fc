"""Clients that send, correct and send again, each over one connection, until they are told yes."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from tests.support.soak.ledger import Ledger
from tests.support.soak.points import Block, Series
from tests.support.soak.protocols import PROTOCOLS
from tests.support.soak.sender import AbandonedError, Sender

_GATE_S = 2.0
_CORRECTED, _REPEATED, _BAD = 0.1, 0.15, 0.03
_GIVES_UP = 0.3


@dataclass(eq=False)
class _Sent:
    """A block, and the version that its client was last told is taken; 0 before it was told."""

    block: Block
    taken: int = 0
    settled_s: float = 0.0


@dataclass
class SoakClient:
    """One client with series of its own; `run` sends until its series are full and it is enough."""

    protocol: str
    environment: Mapping[str, str]
    series: tuple[Series, ...]
    slots: int
    slots_per_request: int
    ledger: Ledger
    seed: str
    stopped: threading.Event
    gate: threading.Event
    enough: threading.Event
    settles_s: float
    """So long what was not answered with yes may be on its way; a correction must come after it to win."""
    failures: list[str] = field(default_factory=list)
    _sent: list[_Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._next = self._bad = 0
        self._sender = Sender(self.environment, self.ledger, self._chance, self.stopped)

    def run(self) -> None:
        """Send all slots, with corrections and repetitions; what goes wrong is among the failures."""
        try:
            while not (self.stopped.is_set() or (self._next >= self.slots and self.enough.is_set())):
                # While it is closed the faults are behind; some requests must go on, or none would ever strike.
                self.gate.wait(_GATE_S)
                self._step()
        except Exception as error:  # noqa: BLE001 - the thread's end must be told
            self.failures.append(f"client {self.protocol}: {type(error).__name__}: {error}")
        finally:
            self._sender.close()

    def _step(self) -> None:
        chance = self._chance.random()
        if chance < _CORRECTED and (found := self._settled()) is not None:
            self._correct(found)
        elif (chance < _REPEATED or self._next >= self.slots) and self._sent:
            self._send_block(self._chance.choice(self._sent), "repeated")
        elif chance > 1 - _BAD or self._next >= self.slots:
            self._send_bad()
        else:
            stop = min(self.slots, self._next + self.slots_per_request)
            made = _Sent(Block(self.series, self._next, stop, 1))
            self._next = stop
            self._sent.append(made)
            self._send_block(made, "new")

    def _settled(self) -> _Sent | None:
        now_s = time.monotonic()
        found = [one for one in self._sent if one.settled_s <= now_s and one.block.version < 250]
        return self._chance.choice(found) if found else None

    def _correct(self, sent: _Sent) -> None:
        old = sent.block
        sent.block = Block(old.series, old.first, old.stop, old.version + 1)
        self._send_block(sent, "corrected")

    def _send_block(self, sent: _Sent, kind: str) -> None:
        protocol = PROTOCOLS[self.protocol]

        def unsure() -> None:
            sent.settled_s = time.monotonic() + self.settles_s

        block = sent.block
        try:
            self._sender.send(protocol, protocol.encode(block.points()), unsure, gives_up=_GIVES_UP)
        except AbandonedError:
            self.ledger.note_abandoned(block, sent.taken)
            if sent.taken != block.version:
                self._sent.remove(sent)
            return
        if not self.stopped.is_set():
            sent.taken = block.version
            self.ledger.note_taken(block, kind)

    def _send_bad(self) -> None:
        """Send points that can be taken but not stored: their times are in another century."""
        names = [f"soakbad_{self.protocol}_{self._bad + number}" for number in range(3)]
        self._bad += len(names)
        metrics = [{"metric_name": name, "value": 1, "timestamp": 1} for name in names]
        reply = self._sender.send(PROTOCOLS["json"], orjson.dumps({"metrics": metrics}))
        if reply:
            self.ledger.note_bad(dict.fromkeys(names, json.loads(reply)["request_id"]))


class Runs(Protocol):
    """Something that a thread runs, and what went wrong with it."""

    failures: list[str]

    def run(self) -> None:
        """Do all of it."""


def start(clients: Sequence[Runs]) -> Callable[[float], bool]:
    """Let each run in a thread; the returned function waits up to so many seconds, and tells if all have ended."""
    threads = [threading.Thread(target=one.run, daemon=True) for one in clients]
    for thread in threads:
        thread.start()

    def ended(timeout_s: float) -> bool:
        until_s = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    return ended
