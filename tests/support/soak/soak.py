"""One soak of a running local run: load, faults, quiet, verdict."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handlers.domain.violation import Reason
from ops.errors import OperatorError
from tests.support.local_run import LocalRun
from tests.support.soak import exports
from tests.support.soak.alerts import AlertClient
from tests.support.soak.clients import Runs, SoakClient, start
from tests.support.soak.ledger import Ledger, Place, Sums
from tests.support.soak.points import Series
from tests.support.soak.protocols import protocols_of
from tests.support.soak.reader import Reader
from tests.support.soak.schedule import Schedule
from tests.support.soak.troubles import Troubles
from tests.support.soak.verdict import Verdict, explained, judge

# Longer than a batch of the environment's writer fills.
_RESTS_S = {"timestream": 3.0, "lake": 33.0}
_MOST_S = 7_200.0
_SAME_S, _PAUSE_S = 60.0, 2.0
_REDRIVE = "python -m ops quarantine redrive --since 1d --reason {reason} --rate 5000 --yes"


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
    jumps: bool = False
    """The clock is moved now and then, for the whole run."""
    rate: int = 5_000
    """Points a second at most: the API takes more than the store of a busy machine, which would never catch up."""
    settles_s: float = 8.0
    """So long a request may be on its way that was not answered with yes: no fault delays one by more."""


@dataclass(frozen=True)
class Soaked:
    """The end of a soak."""

    ledger: Ledger
    verdict: Verdict
    troubles: Troubles
    took_s: float
    exports_compared: bool


def soak(run: LocalRun, plan: Plan, tell: Callable[[str], None]) -> Soaked:
    """Send so many points while so many faults strike, wait until it is quiet, and judge."""
    began_s = time.monotonic()
    ledger, stopped, gate, enough = Ledger(), threading.Event(), threading.Event(), threading.Event()
    clients = _clients(run, plan, ledger, stopped, gate, enough)
    watched = (
        [AlertClient(run, plan.rooms, plan.minutes, ledger, f"alerts/{plan.seed}", stopped)]
        if plan.rooms
        else []
    )
    schedule = Schedule(
        run,
        plan.kind,
        plan.seed,
        longest_ms=int(plan.settles_s * 250),
        subscriber=watched[0].subscriber.url if watched else None,
    )
    chance = random.Random(f"pauses/{plan.seed}")
    hooks = [one.subscriber for one in watched]
    troubles = Troubles(run, schedule, chance, plan.faults, plan.kills, plan.jumps, hooks)
    everybody: list[Runs] = [*clients, *watched]
    ended = start(everybody)
    try:
        while not ended(chance.uniform(0.1, 0.6)):
            share = min(1.0, ledger.taken / plan.points, *(one.share for one in watched))
            troubles.step(share)
            most = min(plan.points, plan.rate * (time.monotonic() - began_s))
            if troubles.are_behind(share) or ledger.taken >= most:
                gate.clear()
            else:
                gate.set()
            if ledger.taken >= plan.points and not troubles.are_behind(1.0):
                enough.set()
            assert run.process.poll() is None, "the run has ended"
            minutes = "".join(f", minute {len(one.phases)} of alerts" for one in watched)
            tell(f"{ledger.taken:,} of {plan.points:,} points, {troubles}{minutes}")
            if any(client.failures for client in everybody):
                stopped.set()
    finally:
        stopped.set()
        schedule.end()
    time.sleep(plan.settles_s)
    if any("WriteRecords=partial" in one for one in schedule.asked):
        _resting(run, _RESTS_S[plan.kind])
        run.shell(_REDRIVE.format(reason=Reason.REJECTED_BY_STORE.value))
    due, reader = ledger.due(), Reader(run)
    verdict = _settled(run, plan.kind, reader, ledger, due)
    for one in watched:
        verdict.differences += one.differences()
    exports_compared = plan.exports and not verdict.differences
    if exports_compared:
        verdict.differences += exports.differences(run, reader, verdict.due)
    verdict.differences[:0] = [line for client in everybody for line in client.failures]
    took_s = time.monotonic() - began_s
    troubles.struck = schedule.struck
    return Soaked(ledger, verdict, troubles, took_s, exports_compared)


def _clients(
    run: LocalRun,
    plan: Plan,
    ledger: Ledger,
    stopped: threading.Event,
    gate: threading.Event,
    enough: threading.Event,
) -> list[SoakClient]:
    protocols = protocols_of(run.environment)
    slots = -(-plan.points // (len(protocols) * plan.series_per_client))
    start_s = int(run.control("status")["clock"]["offset_seconds"] + time.time()) - slots - 60
    made = []
    for place, protocol in enumerate(protocols):
        series = tuple(
            Series(f"soak_{protocol}_{number}", place * plan.series_per_client + number, start_s)
            for number in range(plan.series_per_client)
        )
        for one in series:
            ledger.open(one, slots)
        made.append(
            SoakClient(
                protocol=protocol,
                environment=run.environment,
                series=series,
                slots=slots,
                slots_per_request=max(1, plan.points_per_request // plan.series_per_client),
                ledger=ledger,
                seed=f"{protocol}/{plan.seed}",
                stopped=stopped,
                gate=gate,
                enough=enough,
                settles_s=plan.settles_s,
            )
        )
    return made


def _settled(run: LocalRun, kind: str, reader: Reader, ledger: Ledger, due: Mapping[Place, Sums]) -> Verdict:
    """The verdict once all is told right, or nothing changes any more.

    Reading everything is dear, so it is done while the writer rests: at once, and when it has done something since.
    """
    before: list[str] = []
    same_s, pause_s = time.monotonic(), _PAUSE_S
    while True:
        count = _resting(run, _RESTS_S[kind])
        try:
            found = judge(reader, ledger, due)
        except OperatorError:  # the store was killed a moment ago
            assert time.monotonic() - same_s < _MOST_S, "the store does not answer"
            time.sleep(_PAUSE_S)
            continue
        if not found.differences:
            return found
        if found.differences != before:
            before, same_s = found.differences, time.monotonic()
        elif time.monotonic() - same_s > _SAME_S:
            found.differences += explained(reader, ledger, found.wrong)
            return found
        until_s = time.monotonic() + pause_s
        while time.monotonic() < until_s and _received(run) == count:
            time.sleep(1)
        pause_s = min(3 * pause_s, _SAME_S)


def _resting(run: LocalRun, least_s: float) -> float:
    """The points that the writer has received by its own account, once no more have come for a while."""
    began_s = rests_s = time.monotonic()
    count = _received(run)
    while time.monotonic() - rests_s < least_s:
        assert time.monotonic() - began_s < _MOST_S, "the writer never rests"
        time.sleep(0.5)
        if (now := _received(run)) != count:
            count, rests_s = now, time.monotonic()
    return count


def _received(run: LocalRun) -> float:
    metrics = run.control("status")[run.environment["AWS_REGION"]]["metrics"]
    return sum(float(one.get("PointsReceived", 0)) for one in metrics.values())
