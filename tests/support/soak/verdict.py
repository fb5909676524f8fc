"""The verdict: the ledger held against the store and the quarantine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.soak.ledger import Account, Ledger, Place, Sums
from tests.support.soak.reader import Reader, name_in

_NONE = Sums(0, 0, 0)
_PLACES, _SHOWN = 5, 5


@dataclass
class Verdict:
    """What is there, and each difference to what must be; `wrong` has the series and hours that differ."""

    stored: int = 0
    quarantined: int = 0
    differences: list[str] = field(default_factory=list)
    wrong: list[Place] = field(default_factory=list)


def judge(reader: Reader, ledger: Ledger, due: Mapping[Place, Sums]) -> Verdict:
    """Hold every series' hours, of which `due` has the sums, and every bad point against what can be read."""
    found = Verdict()
    there = reader.sums({hour for _, hour in due})
    found.stored = sum(sums.count for sums in there.values())
    for place in sorted({*there, *due}):
        if there.get(place, _NONE) != due.get(place, _NONE):
            name, hour = place
            found.wrong.append(place)
            found.differences.append(
                f"{name}, hour {hour}: {there.get(place, _NONE)} is stored, {due.get(place, _NONE)} was taken"
                if name in ledger.accounts
                else f"{name}, hour {hour}: {there[place]} is stored, and nobody sent it"
            )
    _judge_quarantine(reader, ledger, found)
    return found


def explained(reader: Reader, ledger: Ledger, wrong: Sequence[Place]) -> Iterator[str]:
    """The first points that are missing, too many, or not of the version they must have, of the first that differ."""
    chosen = [place for place in wrong if place[0] in ledger.accounts][:_PLACES]
    if chosen:
        values = reader.values(chosen)
        for name, hour in chosen:
            yield from _of_hour(ledger.accounts[name], hour, values[name, hour])


def _of_hour(account: Account, hour: int, there: Mapping[int, list[float]]) -> Iterator[str]:
    due = account.due(hour)
    wrong = [second for second in sorted({*there, *due}) if there.get(second) != [due.get(second)]]
    series = account.series
    for second in wrong[:_SHOWN]:
        slot = second - series.start_s
        versions = [
            next((version for version in range(255) if series.value(slot, version) == value), None)
            for value in there.get(second, [])
        ]
        due_version = account.versions[slot] if 0 <= slot < len(account.versions) else 0
        yield f"{series.name} at {second}: stored versions {versions}, due {due_version}"
    if len(wrong) > _SHOWN:
        yield f"{series.name}, hour {hour}: and {len(wrong) - _SHOWN} more"


def _judge_quarantine(reader: Reader, ledger: Ledger, found: Verdict) -> None:
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
