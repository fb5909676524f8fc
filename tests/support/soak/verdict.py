"""The verdict: the ledger held against the store and the quarantine."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.support.soak.ledger import Abandoned, Account, Ledger, Place, Sums
from tests.support.soak.reader import name_in


class Contents(Protocol):
    """The points that are there, as a run's reader tells them."""

    def sums(
        self, hours: Collection[int], abandoned: Sequence[Abandoned], /
    ) -> dict[tuple[str, int, int | None], Sums]:
        """The sums of all stored points by series, hour, and the number of the abandoned request they are of."""

    def values(self, places: Collection[Place], /) -> dict[Place, dict[int, list[float]]]:
        """The values of every stored point of some series in some hours, by its time in epoch seconds."""

    def quarantined(self) -> Iterator[dict[str, Any]]:
        """The lines of the quarantine."""


_NONE = Sums(0, 0, 0)
_PLACES, _SHOWN = 5, 5


@dataclass
class Verdict:
    """The points that are there, and each difference to what must be; `wrong` has the series and hours that differ."""

    stored: int = 0
    quarantined: int = 0
    differences: list[str] = field(default_factory=list)
    wrong: list[Place] = field(default_factory=list)
    due: dict[Place, Sums] = field(default_factory=dict)
    """The sums that must be there, with each abandoned request as it turned out."""
    abandoned_taken: int = 0


def judge(reader: Contents, ledger: Ledger, due: Mapping[Place, Sums]) -> Verdict:
    """Hold every series' hours, of which `due` has the sums, and every bad point against what can be read."""
    found = Verdict(due=dict(due))
    sides = [one.sides() for one in ledger.abandoned]
    hours = {hour for places in (due, *(after for _, after in sides)) for _, hour in places}
    there: dict[int | None, dict[Place, Sums]] = defaultdict(dict)
    for (name, hour, number), sums in reader.sums(hours, ledger.abandoned).items():
        there[number][name, hour] = sums
        found.stored += sums.count
    certain = there[None]
    for place in sorted({*certain, *due}):
        if certain.get(place, _NONE) != due.get(place, _NONE):
            name, hour = place
            found.wrong.append(place)
            found.differences.append(
                f"{name}, hour {hour}: {certain.get(place, _NONE)} is stored, {due.get(place, _NONE)} was taken"
                if name in ledger.accounts
                else f"{name}, hour {hour}: {certain[place]} is stored, and nobody sent it"
            )
    for number, (before, after) in enumerate(sides):
        _judge_abandoned(found, ledger.abandoned[number], there[number], before, after)
    _judge_quarantine(reader, ledger, found)
    return found


def _judge_abandoned(
    found: Verdict,
    request: Abandoned,
    there: Mapping[Place, Sums],
    before: Mapping[Place, Sums],
    after: Mapping[Place, Sums],
) -> None:
    """Hold the points of a request that was given up against what it may have done: all of it, or nothing."""
    if there not in (before, after):
        block = request.block
        found.wrong += [place for place in after if there.get(place) != before.get(place)]
        found.differences.append(
            f"{block.series[0].name} and others, slots {block.first} to {block.stop}: of a request that was given up "
            f"neither all nor nothing is stored, versions {request.before} and {block.version}"
        )
        return
    found.abandoned_taken += there == after
    for place, sums in there.items():
        found.due[place] = found.due.get(place, _NONE) + sums


def explained(reader: Contents, ledger: Ledger, wrong: Sequence[Place]) -> Iterator[str]:
    """The first points that are missing, too many, or not of the version they must have, of the first that differ."""
    chosen = [place for place in wrong if place[0] in ledger.accounts][:_PLACES]
    if chosen:
        values = reader.values(chosen)
        for name, hour in chosen:
            yield from _of_hour(ledger.accounts[name], hour, values[name, hour])


def _of_hour(account: Account, hour: int, there: Mapping[int, list[float]]) -> Iterator[str]:
    series = account.series
    seconds = {*there, *map(series.time_s, account.slots(hour))}
    wrong = [
        second
        for second in sorted(seconds)
        if there.get(second, []) not in account.allowed(second - series.start_s)
    ]
    for second in wrong[:_SHOWN]:
        slot = second - series.start_s
        versions = [
            next((version for version in range(255) if series.value(slot, version) == value), None)
            for value in there.get(second, [])
        ]
        due = account.unsure.get(slot, account.versions[slot] if 0 <= slot < len(account.versions) else 0)
        yield f"{series.name} at {second}: stored versions {versions}, due {due}"
    if len(wrong) > _SHOWN:
        yield f"{series.name}, hour {hour}: and {len(wrong) - _SHOWN} more"


def _judge_quarantine(reader: Contents, ledger: Ledger, found: Verdict) -> None:
    lines = {(line["request_id"], line["index"]): line for line in reader.quarantined()}
    found.quarantined = len(lines)
    told = {(line["request_id"], name_in(line)) for line in lines.values()}
    for name, request_id in ledger.bad.items():
        if (request_id, name) not in told:
            found.differences.append(f"{name} of request {request_id} is not in the quarantine")
    for line in lines.values():
        if name_in(line) not in ledger.bad:
            found.differences.append(
                f"{name_in(line)} is in the quarantine: {line['reason']}: {line['message']}"
            )
