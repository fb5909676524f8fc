"""One soak of a running local run: load, faults, quiet, verdict."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ops.errors import OperatorError
from tests.support.local_run import LocalRun, wait_for
from tests.support.soak import exports
from tests.support.soak.alerts import AlertClient
from tests.support.soak.clients import Runs, SoakClient, start
from tests.support.soak.kills import kill_one
from tests.support.soak.ledger import Ledger
from tests.support.soak.points import Series
from tests.support.soak.protocols import PROTOCOLS
from tests.support.soak.schedule import Schedule
from tests.support.soak.verdict import Verdict, judge

_QUIET_S = 600.0
_RESHARDED = 0.02


@dataclass(frozen=True)
class Plan:
    """The size of a soak: points and faults, at least; all that is random follows from the seed."""

    kind: str
    seed: int
    points: int
    faults: int
    kills: int = 0
    points_per_request: int = 1_000
    series_per_client: int = 20
    rooms: int = 0
    """Groups that breach and recover by the minute, for so many minutes."""
    minutes: int = 4
    exports: bool = False
    rate: int = 5_000
    """Points a second at most: the API takes more than the store of a busy machine, which would never catch up."""
    settles_s: float = 8.0
    """So long a request may be on its way that was not answered with yes: no fault delays one by more."""


@dataclass(frozen=True)
class Soaked:
    """The end of a soak."""

    ledger: Ledger
    verdict: Verdict
    struck: int
    resharded: int
    killed: int
    took_s: float


def soak(run: LocalRun, plan: Plan, tell: Callable[[str], None]) -> Soaked:
    """Send so many points while so many faults strike, wait until it is quiet, and judge."""
    began_s = time.monotonic()
    ledger, stopped, gate = Ledger(), threading.Event(), threading.Event()
    clients = _clients(run, plan, ledger, stopped, gate)
    schedule = Schedule(run, plan.kind, plan.seed, longest_ms=int(plan.settles_s * 250))
    watched = (
        [AlertClient(run, plan.rooms, plan.minutes, ledger, f"alerts/{plan.seed}", stopped)]
        if plan.rooms
        else []
    )
    everybody: list[Runs] = [*clients, *watched]
    ended = start(everybody)
    chance = random.Random(f"pauses/{plan.seed}")
    resharded = struck = killed = 0
    try:
        while not ended(chance.uniform(0.1, 0.6)):
            share = min(1.0, ledger.taken / plan.points)
            if struck < plan.faults and struck <= share * plan.faults:
                struck = schedule.add()
            if plan.faults and chance.random() < _RESHARDED:
                schedule.reshard()
                resharded += 1
            if killed < plan.kills and killed <= share * plan.kills:
                killed += kill_one(run, chance)
            behind = struck < share * plan.faults or killed < share * plan.kills
            if behind or ledger.taken > plan.rate * (time.monotonic() - began_s):
                gate.clear()
            else:
                gate.set()
            assert run.process.poll() is None, "the run has ended"
            minutes = f", minute {len(one.phases)} of alerts" if (one := next(iter(watched), None)) else ""
            tell(
                f"{ledger.taken:,} of {plan.points:,} points, {struck:,} of {plan.faults:,} faults, "
                f"{killed} of {plan.kills} killed{minutes}"
            )
            if any(client.failures for client in everybody):
                stopped.set()
    finally:
        stopped.set()
        schedule.end()
    time.sleep(plan.settles_s)
    _wait_until_quiet(run, ledger, plan.kind)
    verdict = judge(run, plan.kind, ledger)
    for one in watched:
        verdict.differences += one.differences()
    if plan.exports and not verdict.differences:
        verdict.differences += exports.differences(run, ledger)
    verdict.differences[:0] = [line for client in everybody for line in client.failures]
    return Soaked(ledger, verdict, schedule.struck, resharded, killed, time.monotonic() - began_s)


def _clients(
    run: LocalRun, plan: Plan, ledger: Ledger, stopped: threading.Event, gate: threading.Event
) -> list[SoakClient]:
    slots = -(-plan.points // (len(PROTOCOLS) * plan.series_per_client))
    start_s = int(run.control("status")["clock"]["offset_seconds"] + time.time()) - slots - 60
    made = []
    for place, protocol in enumerate(PROTOCOLS):
        series = tuple(
            Series(f"soak_{protocol}_{number}", place * plan.series_per_client + number, start_s)
            for number in range(plan.series_per_client)
        )
        for one in series:
            ledger.open(one, slots)
        made.append(
            SoakClient(
                protocol=protocol,
                base_url=run.environment["TIDEGAUGE_BASE_URL"],
                series=series,
                slots=slots,
                slots_per_request=max(1, plan.points_per_request // plan.series_per_client),
                ledger=ledger,
                seed=f"{protocol}/{plan.seed}",
                stopped=stopped,
                gate=gate,
                settles_s=plan.settles_s,
            )
        )
    return made


def _wait_until_quiet(run: LocalRun, ledger: Ledger, kind: str) -> None:
    """Wait until what was delayed has come, and the accounts agree or nothing changes any more."""
    before: list[str] = []
    same_s = time.monotonic()

    def quiet() -> bool:
        nonlocal before, same_s
        try:
            now = judge(run, kind, ledger).differences
        except OperatorError:  # the store was killed a moment ago
            return False
        if now != before:
            before, same_s = now, time.monotonic()
        return not now or time.monotonic() - same_s > 60

    wait_for(quiet, "the stream to be empty", seconds=_QUIET_S)
