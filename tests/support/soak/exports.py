"""Exports of the soak: every hour that is over, as readers see it, against the ledger."""

import json
import subprocess
import time
from collections import defaultdict

from handlers.domain.exports.hour import HOUR_S
from tests.support.local_run import LocalRun
from tests.support.soak.ledger import Ledger, Sums
from tests.support.soak.points import WEIGHTS

_ROUNDS, _ROUND_S = 6, 4_000
_WAITS_S = 60.0


def differences(run: LocalRun, ledger: Ledger) -> list[str]:
    """What the exported hours have otherwise than was taken, after the runs of some hours."""
    found: list[str] = []
    for _ in range(_ROUNDS):
        run.control("clock", {"advance_seconds": _ROUND_S})
        found = _after_runs(run, ledger)
        if not found:
            break
    return found


def _after_runs(run: LocalRun, ledger: Ledger) -> list[str]:
    until_s = time.monotonic() + _WAITS_S
    while True:
        found = _compared(run, ledger)
        if not found or time.monotonic() > until_s:
            return found
        time.sleep(2)


def _compared(run: LocalRun, ledger: Ledger) -> list[str]:
    try:
        there = _exported(run)
    except subprocess.SubprocessError as error:
        return [f"the exports cannot be read: {error}"]
    found = []
    for name, account in ledger.accounts.items():
        hours: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for second, value in account.expected():
            sums = hours[second // HOUR_S]
            sums[0] += 1
            sums[1] += value
            sums[2] += value * (second % WEIGHTS)
        for hour, sums in hours.items():
            if there.pop((name, hour), None) != Sums(*sums):
                found.append(f"{name}: hour {hour} is not exported as it was taken: {sums}")
    return found + [f"{name}: hour {hour} is exported, and nobody sent it" for name, hour in there]


def _exported(run: LocalRun) -> dict[tuple[str, int], Sums]:
    seconds = "epoch_ns(time) // 1000000000"
    sql = (
        f"SELECT metric_name, {seconds} // {HOUR_S}, count(*), sum(value), sum(value * ({seconds} % {WEIGHTS})) "
        "FROM metrics WHERE metric_name LIKE 'soak%' GROUP BY 1, 2"
    )
    text = run.shell(f'python -m ops export query --hours 60 --format jsonl "{sql}"')
    rows = [list(json.loads(line).values()) for line in text.splitlines()]
    return {(row[0], int(row[1])): Sums(int(row[2]), int(row[3]), int(row[4])) for row in rows}
