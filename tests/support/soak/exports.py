"""Exports of the soak: every hour that is over, as the catalog's files have it, against the ledger."""

import time
from collections.abc import Mapping

from tests.support.local_run import LocalRun
from tests.support.soak.ledger import Place, Sums
from tests.support.soak.reader import Reader

_ROUNDS, _ROUND_S = 6, 4_000
# A lake of ten million points takes its hours minutes, and a clock that moves on would end the runs that are under way.
_WAITS_S, _MOST_S, _PAUSE_S = 60.0, 3_600.0, 2.0


def differences(run: LocalRun, reader: Reader, due: Mapping[Place, Sums]) -> list[str]:
    """The differences of the exported hours to what was taken (`due`), after the runs of some hours."""
    there: dict[str, dict[Place, Sums]] = {}
    locations: dict[str, str] = {}
    found: list[str] = []
    for _ in range(_ROUNDS):
        run.control("clock", {"advance_seconds": _ROUND_S})
        began_s = changed_s = time.monotonic()
        while time.monotonic() - changed_s < _WAITS_S and time.monotonic() - began_s < _MOST_S:
            time.sleep(_PAUSE_S)
            if reader.exporting():
                changed_s = time.monotonic()
            published = reader.published()
            for hour in sorted(published):
                if published[hour] != locations.get(hour):
                    there[hour] = reader.exported(published[hour])
                    changed_s = time.monotonic()
            locations = published
            found = compared(there, due)
            if not found:
                return found
    return found


def compared(there: Mapping[str, Mapping[Place, Sums]], due: Mapping[Place, Sums]) -> list[str]:
    """The differences of the exported hours (sums by the hour's name) to what was taken."""
    exported: dict[Place, list[Sums]] = {}
    for hour in there.values():
        for place, sums in hour.items():
            exported.setdefault(place, []).append(sums)
    return [
        f"{name}, hour {hour}: exported is {exported.get((name, hour), [])}, taken was {due.get((name, hour))}"
        for name, hour in sorted({*exported, *due})
        if exported.get((name, hour)) != [due.get((name, hour))]
    ]
